import type { Migration } from './migration.js';

export const audit: Migration = {
  version: 3,
  name: 'audit',
  up: `
CREATE TABLE audit_event (
  id text PRIMARY KEY,
  recorded_at timestamptz NOT NULL,
  action text NOT NULL,
  agent text NOT NULL,
  client_id text,
  tenant text,
  patient_pseudonym text,
  detail jsonb NOT NULL
);
COMMENT ON TABLE audit_event IS 'Reads, exports, erasures and changes of what the store holds. Counts and pseudonyms only.';
CREATE INDEX audit_event_by_time ON audit_event (recorded_at);`,
  down: `
DROP TABLE audit_event;`,
};
