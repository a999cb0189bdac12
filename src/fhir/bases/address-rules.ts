import { BlockList, isIP } from 'node:net';

/** What kind of machine an address leads to. `never`: no FHIR server is there, whatever the operator allows. */
export type AddressKind = 'public' | 'loopback' | 'private' | 'never';

type Subnet = readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6'];

/** @see RFC 1918, 6598, 4193; RFC 6890 and the IANA special-purpose address registries */
const PRIVATE: readonly Subnet[] = [
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
];
const LOOPBACK: readonly Subnet[] = [
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
];
const NEVER: readonly Subnet[] = [
  // "This host", link-local (with it 169.254.169.254, where clouds keep credentials), tests, multicast, reserved, broadcast
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  // Credentials of clouds under addresses that would count as private
  ['100.100.100.200', 32, 'ipv4'],
  ['fd00:ec2::254', 128, 'ipv6'],
  ['fd20:ce::254', 128, 'ipv6'],
  ['::', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
  ['5f00::', 16, 'ipv6'],
];

const isPrivate = listOf(PRIVATE);
const isLoopback = listOf(LOOPBACK);
const isNever = listOf(NEVER);

/**
 * The kind of an IPv4 or IPv6 address. An address with an IPv4 one inside (mapped, compatible, 6to4, NAT64) is what that
 * one is; Teredo, local-use NAT64 and whatever is no address are `never`.
 */
export function addressKind(address: string): AddressKind {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return 'never';
  if (family === 6) {
    const inner = embeddedIpv4(groupsOf(address));
    if (inner !== undefined) return inner === 'never' ? 'never' : addressKind(inner);
  }
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (isNever.check(address, type)) return 'never';
  if (isLoopback.check(address, type)) return 'loopback';
  return isPrivate.check(address, type) ? 'private' : 'public';
}

/** The IPv4 address that an IPv6 one stands for; `never` for tunnels whose end cannot be told. */
function embeddedIpv4(groups: readonly number[]): string | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const isZeroTo = (count: number): boolean => groups.slice(0, count).every((group) => group === 0);
  if (isZeroTo(5) && f === 0xffff) return dotted(g, h);
  if (isZeroTo(4) && e === 0xffff && f === 0) return dotted(g, h);
  if (isZeroTo(6) && (g !== 0 || h > 1)) return dotted(g, h);
  if (a === 0x2002) return dotted(b, c);
  if (a === 0x64 && b === 0xff9b) {
    return c === 0 && d === 0 && e === 0 && f === 0 ? dotted(g, h) : 'never';
  }
  return a === 0x2001 && b === 0 ? 'never' : undefined;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): readonly number[] {
  // The URL parser writes every form (dotted tail, leading zeros) as plain groups.
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const read = (text = ''): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [before, after] = [read(head), read(tail)];
  return tail === undefined
    ? before
    : [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

function listOf(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix, family] of subnets) list.addSubnet(network, prefix, family);
  return list;
}
