import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { list, mapping, text, type ComposeFile, type Mapping } from './compose-file.js';
import { isPinned } from './dockerfile-rules.js';
import { parseDockerfile } from './dockerfile.js';

export interface ComposeContext {
  /** Folder of the compose file: paths in it are taken from there. */
  readonly folder: string;
  /** Version of the package: the tag of images that are built here. */
  readonly version: string;
  /** Variables the service reads. */
  readonly variables: ReadonlySet<string>;
}

export interface ComposeRule {
  readonly name: string;
  readonly check: (file: ComposeFile, context: ComposeContext) => readonly string[];
}

/** Variables of the other images, which docs/configuration.md knows nothing of. */
const OTHERS = new Set([
  'SERVER_ADDRESS',
  'POSTGRES_USER',
  'POSTGRES_DB',
  'POSTGRES_PASSWORD_FILE',
  'POSTGRES_INITDB_ARGS',
]);

export const COMPOSE_RULES: readonly ComposeRule[] = [
  each('images are pinned: those built here to the version of the package, others to a version', (service, context) => {
    const image = text(service['image']);
    return service['build'] === undefined ? isPinned(image) : image.endsWith(`:${context.version}`);
  }),
  each('ports are published on 127.0.0.1 only', ({ ports }) =>
    list(ports).every((port) => /^127\.0\.0\.1:\d+:\d+$/.test(port)),
  ),
  each('the user is a number other than 0', ({ user }) => /^[1-9]\d*:[1-9]\d*$/.test(text(user))),
  each('the root file system is read-only, with a /tmp in memory', (service) => {
    return service['read_only'] === true && list(service['tmpfs']).some((mount) => /^\/tmp:size=\d+m\b/.test(mount));
  }),
  each('all capabilities are dropped and none can be won back', (service) => {
    const isLeast = list(service['cap_drop']).includes('ALL') && service['cap_add'] === undefined;
    return (
      isLeast && list(service['security_opt']).includes('no-new-privileges:true') && service['privileged'] !== true
    );
  }),
  each('memory and processes are limited', (service) => {
    return /^\d+[mg]$/.test(text(service['mem_limit'])) && Number(service['pids_limit']) > 0;
  }),
  each('nothing of the host is mounted, and volumes are named ones', ({ volumes }, _context, file) =>
    list(volumes).every((volume) => Object.hasOwn(file.volumes, volume.split(':')[0] ?? '')),
  ),
  each('there is a health check, its own or that of its image', (service, { folder }) => {
    if (service['healthcheck'] !== undefined) return list(mapping(service['healthcheck'])['test'])[0] === 'CMD';
    const dockerfile = dockerfileOf(service, folder);
    if (dockerfile === undefined) return false;
    if (!existsSync(dockerfile)) return true; // another rule's
    const last = parseDockerfile(readFileSync(dockerfile, 'utf8')).at(-1);
    return last?.instructions.some(({ keyword }) => keyword === 'HEALTHCHECK') ?? false;
  }),
  each('what is built has its context and its Dockerfile', (service, { folder }) => {
    const dockerfile = dockerfileOf(service, folder);
    return dockerfile === undefined || existsSync(dockerfile);
  }),
  each('it waits for others until they are healthy', ({ depends_on: needs }, _context, file) => {
    if (needs === undefined) return true;
    if (Array.isArray(needs)) return false;
    const all = Object.entries(mapping(needs));
    return all.every(([name, need]) => {
      return Object.hasOwn(file.services, name) && mapping(need)['condition'] === 'service_healthy';
    });
  }),
  each(
    'who shares a network namespace names its owner, waits for it and is started again with it',
    (service, _context, file) => {
      const mode = text(service['network_mode']);
      if (mode === '') return true;
      const owner = /^service:(.+)$/.exec(mode)?.[1] ?? '';
      const need = mapping(mapping(service['depends_on'])[owner]);
      const isAlone = service['networks'] === undefined && service['ports'] === undefined;
      return isAlone && Object.hasOwn(file.services, owner) && need['restart'] === true;
    },
  ),
  each('networks and secrets that are used are declared', ({ networks, secrets }, _context, file) => {
    const isKnown = (names: readonly string[], declared: Mapping): boolean =>
      names.every((name) => Object.hasOwn(declared, name));
    return isKnown(list(networks), file.networks) && isKnown(list(secrets), file.secrets);
  }),
  each(
    'its variables are known: those of docs/configuration.md, or of an image from elsewhere',
    (service, { variables }) =>
      Object.keys(mapping(service['environment'])).every((name) => variables.has(name) || OTHERS.has(name)),
  ),
  each('no secret is written into the file: its variables end in _FILE', ({ environment }) =>
    Object.keys(mapping(environment)).every(
      (name) => !/PASSWORD|SECRET|TOKEN|KEY/.test(name) || name.endsWith('_FILE'),
    ),
  ),
];

function dockerfileOf(service: Mapping, folder: string): string | undefined {
  if (service['build'] === undefined) return undefined;
  const build = mapping(service['build']);
  return join(folder, text(build['context']), text(build['dockerfile']) || 'Dockerfile');
}

/** A rule that every service must keep. */
function each(
  name: string,
  isKept: (service: Mapping, context: ComposeContext, file: ComposeFile) => boolean,
): ComposeRule {
  return {
    name,
    check: (file, context) =>
      Object.entries(file.services)
        .filter(([, service]) => !isKept(service, context, file))
        .map(([service]) => service),
  };
}
