import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { IncomingMessage as Message } from 'node:http';
import { createRequestOrigin } from '../../src/http/request-origin.js';

function requestFrom(remoteAddress: string, headers: Readonly<Record<string, string>>): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  const request = new Message(socket);
  Object.assign(request.headers, headers);
  return request;
}

const FORWARDED = {
  host: 'inner:3000',
  'x-forwarded-for': '203.0.113.9, 10.1.2.3',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'cds.example.org',
};

describe('where a request comes from', () => {
  it('is its connection: X-Forwarded-* of anyone are ignored', () => {
    expect(createRequestOrigin()(requestFrom('198.51.100.7', FORWARDED))).toEqual({
      address: '198.51.100.7',
      isSecure: false,
      host: 'inner:3000',
    });
    const another = createRequestOrigin(['10.0.0.0/8']);
    expect(another(requestFrom('198.51.100.7', FORWARDED)).address).toBe('198.51.100.7');
  });

  it.each(['10.1.2.4', '::ffff:10.1.2.4'])('is what the trusted proxy %s says', (peer) => {
    expect(createRequestOrigin(['10.0.0.0/8'])(requestFrom(peer, FORWARDED))).toEqual({
      address: '203.0.113.9',
      isSecure: true,
      host: 'cds.example.org',
    });
  });

  it.each([
    ['what a client wrote itself in front', '1.2.3.4, 203.0.113.9', '203.0.113.9'],
    ['a port', '203.0.113.9:4711', '203.0.113.9'],
    ['an IPv6 address with a port', '[2001:db8::1]:4711', '2001:db8::1'],
    ['nothing', '', '10.1.2.4'],
    ['what is no address', 'unknown', '10.1.2.4'],
    ['only trusted proxies', '10.9.9.9', '10.9.9.9'],
  ])('behind a proxy takes the right-most stranger: %s', (_, header, want) => {
    const request = requestFrom('10.1.2.4', { 'x-forwarded-for': header });
    expect(createRequestOrigin(['10.0.0.0/8'])(request).address).toBe(want);
  });

  it('knows IPv6 networks', () => {
    const request = requestFrom('fd00::1', { 'x-forwarded-for': '2001:db8::1' });
    expect(createRequestOrigin(['fd00::/8'])(request).address).toBe('2001:db8::1');
  });

  it('fault: an entry that is no network stops the start', () => {
    expect(() => createRequestOrigin(['10.0.0'])).toThrow('ERR_CONFIG');
    expect(() => createRequestOrigin(['::1/129'])).toThrow('ERR_CONFIG');
  });
});
