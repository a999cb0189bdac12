import { assessments } from './0001-assessments.js';
import { clients } from './0002-clients.js';
import { audit } from './0003-audit.js';
import type { Migration } from './migration.js';

/** In their order, without a gap: version n is the n-th. */
export const MIGRATIONS: readonly Migration[] = [assessments, clients, audit];
