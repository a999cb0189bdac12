import type { ServiceSwitches } from '../../clients/client-registry.js';
import { timestamp } from '../sql/row-values.js';
import type { SqlRunner } from '../sql/sql.js';

const ALL_ON: ServiceSwitches = { isAssessing: true };

export type SwitchChange = { readonly [K in keyof ServiceSwitches]?: ServiceSwitches[K] | undefined };

/** The switches; those that were never set are as the service begins. */
export async function readSwitches(sql: SqlRunner): Promise<ServiceSwitches> {
  const rows = await sql.query("SELECT name, value FROM setting WHERE name IN ('isAssessing', 'modelBundleDir')");
  const values = new Map(rows.map((row) => [row['name'], row['value']]));
  const isAssessing = values.get('isAssessing');
  const modelBundleDir = values.get('modelBundleDir');
  return {
    isAssessing: typeof isAssessing === 'boolean' ? isAssessing : ALL_ON.isAssessing,
    ...(typeof modelBundleDir === 'string' ? { modelBundleDir } : {}),
  };
}

/** Sets what `change` names; a member that is there and undefined goes back to how the service begins. */
export async function writeSwitches(sql: SqlRunner, change: SwitchChange, nowMs: number): Promise<void> {
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) await sql.query('DELETE FROM setting WHERE name = $1', [name]);
    else {
      await sql.query(
        `INSERT INTO setting (name, value, changed_at) VALUES ($1, $2::text::jsonb, $3::text::timestamptz)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at`,
        [name, JSON.stringify(value), timestamp(nowMs)],
      );
    }
  }
}
