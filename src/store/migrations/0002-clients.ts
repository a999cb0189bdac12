import type { Migration } from './migration.js';

export const clients: Migration = {
  version: 2,
  name: 'clients',
  up: `
CREATE TABLE client (
  id text PRIMARY KEY,
  iss text NOT NULL UNIQUE,
  registration jsonb NOT NULL,
  changed_at timestamptz NOT NULL
);

CREATE TABLE token_seen (
  iss text NOT NULL,
  jti_sha256 text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (iss, jti_sha256)
);
CREATE INDEX token_seen_by_time ON token_seen (expires_at);

CREATE TABLE setting (
  name text PRIMARY KEY,
  value jsonb NOT NULL,
  changed_at timestamptz NOT NULL
);`,
  down: `
DROP TABLE setting;
DROP TABLE token_seen;
DROP TABLE client;`,
};
