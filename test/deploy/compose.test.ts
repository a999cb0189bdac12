import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { CONFIG_OPTIONS } from '../../src/config/config-options.js';
import { list, mapping, mergeCompose, parseCompose, text, type ComposeFile } from './compose-file.js';
import { COMPOSE_RULES, type ComposeContext } from './compose-rules.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const context: ComposeContext = {
  folder: 'deploy',
  version,
  variables: new Set(CONFIG_OPTIONS.map(({ variable }) => variable)),
};
const closed = parseCompose(readFileSync('deploy/compose.yaml', 'utf8'));
const published = mergeCompose(closed, parseCompose(readFileSync('deploy/compose.published.yaml', 'utf8')));

const GOOD = `
services:
  database:
    image: postgres:17.6-bookworm
    user: '999:999'
    environment: { POSTGRES_PASSWORD_FILE: /run/secrets/password }
    secrets: [password]
    networks: [inside]
    ports: ['127.0.0.1:5432:5432']
    read_only: true
    tmpfs: ['/tmp:size=16m']
    volumes: ['data:/var/lib/postgresql/data']
    cap_drop: [ALL]
    security_opt: ['no-new-privileges:true']
    mem_limit: 1g
    pids_limit: 100
    healthcheck: { test: ['CMD', 'pg_isready'] }
  service:
    image: hemolens:${version}
    build: { context: .., dockerfile: deploy/Dockerfile }
    user: '1000:1000'
    environment: { HEMOLENS_PORT: '3000' }
    network_mode: 'service:database'
    depends_on: { database: { condition: service_healthy, restart: true } }
    read_only: true
    tmpfs: ['/tmp:size=16m']
    cap_drop: [ALL]
    security_opt: ['no-new-privileges:true']
    mem_limit: 1g
    pids_limit: 100
networks: { inside: {} }
volumes: { data: {} }
secrets: { password: { file: ./password } }
`;

/** Each breaks its rule, and only that (a password in clear is an unknown variable, too): [number of the rule, what is replaced, by what]. */
const BAD: readonly (readonly [rule: number, from: string, to: string])[] = [
  [0, 'image: postgres:17.6-bookworm', 'image: postgres:latest'],
  [0, `image: hemolens:${version}`, 'image: hemolens:0.0.9'],
  [1, "'127.0.0.1:5432:5432'", "'5432:5432'"],
  [1, "'127.0.0.1:5432:5432'", "'0.0.0.0:5432:5432'"],
  [2, "user: '1000:1000'", "user: '0:0'"],
  [2, "    user: '999:999'\n", ''],
  [3, '    read_only: true\n', ''],
  [3, "    tmpfs: ['/tmp:size=16m']\n", ''],
  [4, 'cap_drop: [ALL]', 'cap_drop: [NET_RAW]'],
  [4, "    security_opt: ['no-new-privileges:true']\n", ''],
  [5, '    mem_limit: 1g\n', ''],
  [6, "'data:/var", "'/srv/data:/var"],
  [7, "    healthcheck: { test: ['CMD', 'pg_isready'] }\n", ''],
  [8, 'context: ..,', 'context: ../nowhere,'],
  [9, 'condition: service_healthy', 'condition: service_started'],
  [10, ', restart: true', ''],
  [10, "network_mode: 'service:database'", 'network_mode: host'],
  [11, 'networks: [inside]', 'networks: [outside]'],
  [12, 'HEMOLENS_PORT', 'HEMOLENS_PROT'],
  [13, 'POSTGRES_PASSWORD_FILE: /run/secrets/password', 'HEMOLENS_PORT: 1, POSTGRES_PASSWORD: hunter2'],
];

function broken(file: ComposeFile): readonly string[] {
  return COMPOSE_RULES.filter(({ check }) => check(file, context).length > 0).map(({ name }) => name);
}

describe.each([
  ['compose.yaml', closed],
  ['compose.yaml with compose.published.yaml', published],
])('%s', (_name, file) => {
  test.each(COMPOSE_RULES)('$name', ({ check }) => {
    expect(check(file, context)).toEqual([]);
  });

  test('starts the service with variables it takes, at an address it accepts', () => {
    const config = loadConfig(variablesOf(file));
    expect(config.port).toBe(3000);
  });
});

describe('compose.yaml alone', () => {
  test('publishes nothing, has no way out, and leaves the service on loopback without opening it', () => {
    expect(Object.values(closed.services).flatMap(({ ports }) => list(ports))).toEqual([]);
    expect(closed.networks).toEqual({ inside: { internal: true } });
    expect(loadConfig(variablesOf(closed))).toMatchObject({ host: '127.0.0.1', allowOpenNetwork: false });
  });

  test('starts PostgreSQL only where its profile is asked for, since nothing uses it', () => {
    const always = Object.entries(closed.services).filter(([, { profiles }]) => profiles === undefined);
    expect(always.map(([name]) => name)).toEqual(['hapi', 'hemolens']);
  });
});

describe('compose.published.yaml', () => {
  test('says in two variables that the service is open, and publishes the ports both listen on', () => {
    expect(loadConfig(variablesOf(published))).toMatchObject({ host: '0.0.0.0', allowOpenNetwork: true });
    expect(list(published.services['hapi']?.['ports'])).toEqual(['127.0.0.1:8080:8080', '127.0.0.1:3000:3000']);
  });

  test('bad call: without the second variable the service refuses to start', () => {
    const silent = { ...variablesOf(published), HEMOLENS_ALLOW_OPEN_NETWORK: '' };
    expect(() => loadConfig(silent)).toThrow('HEMOLENS_ALLOW_OPEN_NETWORK=true');
  });
});

describe('the rules', () => {
  test('let a file pass that follows them', () => {
    expect(broken(parseCompose(GOOD))).toEqual([]);
  });

  test.each(BAD.map(([rule, from, to]) => ({ name: COMPOSE_RULES[rule]?.name ?? '', from, to })))(
    '$name: is broken by one that does not',
    ({ name, from, to }) => {
      expect(GOOD).toContain(from);
      const unknown = to.includes('hunter2') ? [COMPOSE_RULES[12]?.name] : [];
      expect(broken(parseCompose(GOOD.replace(from, to)))).toEqual([...unknown, name]);
    },
  );

  test('each of them was seen to fail', () => {
    expect([...new Set(BAD.map(([rule]) => rule))]).toEqual(COMPOSE_RULES.map((_, index) => index));
  });
});

/** The service's variables as compose hands them over where the shell sets none. */
function variablesOf(file: ComposeFile): Record<string, string> {
  const given = Object.entries(mapping(file.services['hemolens']?.['environment']));
  return Object.fromEntries(given.map(([name, value]) => [name, text(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1')]));
}
