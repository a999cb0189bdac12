import type { DuckDBConnection } from '@duckdb/node-api';
import { FULL_SIZE, TRANSFUSED_SHARE, WARD_BLOOD_ORDER_SHARE, type ClonedTable } from './full-size.js';
import { demoCsv, type BloodShares, type TableShape } from './demo-tables.js';

const PERIODS = "['2008 - 2010', '2011 - 2013', '2014 - 2016', '2017 - 2019', '2020 - 2022']";
/** Weeks a clone's whole chart is moved by, either way. */
const MOST_WEEKS = 520;

/** The first row's numbers. */
export async function numbers(connection: DuckDBConnection, sql: string): Promise<readonly number[]> {
  const [row = []] = (await connection.runAndReadAll(sql)).getRowsJson();
  return row.map(Number);
}

/**
 * Table `people`: one row a new patient, `n` ascending as the new subject id. As many clones of demo patients as have the ICU
 * stays wanted, and as many more (`is_icu` false) as there are patients; of those, whole admissions are left out (`kept`,
 * a bit an admission) until their number fits. Everything follows from the demo and the scale.
 */
export async function planPeople(connection: DuckDBConnection, scale: number): Promise<void> {
  const target = (table: ClonedTable): number => Math.round(FULL_SIZE[table] * scale);
  const rounds = Math.ceil(target('patients') / 100) + 2;
  await connection.run(
    `CREATE TABLE per_patient AS
       SELECT p.subject_id, coalesce(s.n, 0) AS stays, coalesce(a.n, 0) AS admissions
         FROM demo_patients p
         LEFT JOIN (SELECT subject_id, count(*) AS n FROM demo_icustays GROUP BY 1) s USING (subject_id)
         LEFT JOIN (SELECT subject_id, count(*) AS n FROM demo_admissions GROUP BY 1) a USING (subject_id);
     CREATE TABLE draws AS
       SELECT *, row_number() OVER (ORDER BY draw, hash(subject_id, draw, 'draw'), subject_id) AS place,
              sum(stays) OVER (ORDER BY draw, hash(subject_id, draw, 'draw'), subject_id) AS stays_so_far
         FROM per_patient, range(${rounds}) AS r(draw);
     CREATE TABLE chosen AS SELECT subject_id, place, true AS is_icu, admissions FROM draws WHERE stays_so_far <= ${target('icustays')};
     INSERT INTO chosen SELECT subject_id, place, false, admissions FROM draws
       WHERE place > (SELECT count(*) FROM chosen) AND place <= ${target('patients')};
     CREATE TABLE kept_admissions AS
       SELECT place, sum(1::UBIGINT << adm)::UBIGINT AS kept FROM (
         SELECT c.place, a.adm, c.is_icu, row_number() OVER (ORDER BY c.is_icu DESC, (a.adm = 1) DESC, hash(c.place, a.adm, 'admission')) AS rank
           FROM chosen c JOIN demo_admissions a USING (subject_id))
        WHERE is_icu OR rank <= ${target('admissions')} GROUP BY place`,
  );
  await connection.run(
    `CREATE TABLE people AS
       SELECT *, 10000000 + n * ${Math.floor(9_990_000 / target('patients'))} AS new_subject,
              to_days((shift_weeks * 7)::INTEGER) AS shift,
              round(shift_weeks * 7 / 365.25)::INTEGER AS shift_years,
              ${before('admissions')} AS adm_base, ${before('stays')} AS stay_base, ${before('transfers')} AS transfers_base,
              ${before('labs')} AS labevents_base, ${before('orders')} AS order_base
         FROM (SELECT c.subject_id, c.is_icu, c.admissions, coalesce(k.kept, 0) AS kept,
                      row_number() OVER (ORDER BY hash(c.place, 'order'), c.place)::INTEGER AS n,
                      (hash(c.place, 'weeks') % ${2 * MOST_WEEKS + 1})::INTEGER - ${MOST_WEEKS} AS shift_weeks,
                      ${PERIODS}[1 + (hash(c.place, 'period') % 5)::INTEGER] AS period,
                      coalesce(s.n, 0) AS stays, coalesce(t.n, 0) AS transfers, coalesce(l.n, 0) AS labs, coalesce(o.n, 0) AS orders
                 FROM chosen c LEFT JOIN kept_admissions k USING (place)
                 LEFT JOIN (${most('demo_icustays', 'stay')}) s USING (subject_id)
                 LEFT JOIN (${most('demo_transfers', 'ordinal')}) t USING (subject_id)
                 LEFT JOIN (${most('demo_labevents', 'ordinal')}) l USING (subject_id)
                 LEFT JOIN (${most('places_orders', 'ordinal')}) o USING (subject_id))
        ORDER BY n`,
  );
}

function most(table: string, column: string): string {
  return `SELECT subject_id, max(${column}) AS n FROM ${table} GROUP BY 1`;
}

function before(column: string): string {
  return `(coalesce(sum(${column}) OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))::BIGINT`;
}

/** What share of blood products is kept so that the wanted share of stays is transfused; and of ward blood orders. */
export async function planBlood(connection: DuckDBConnection, from: string, isBlood: string): Promise<BloodShares> {
  const [stays = 0, transfused = 0] = await numbers(
    connection,
    `SELECT (SELECT count(*) FROM ${demoCsv(from, 'icu/icustays')}),
            (SELECT count(DISTINCT stay_id) FROM ${demoCsv(from, 'icu/inputevents')} WHERE ${isBlood})`,
  );
  const share = Math.min(1, (TRANSFUSED_SHARE * stays) / transfused);
  return { transfusedPpm: Math.round(1e6 * share), wardPpm: Math.round(1e6 * WARD_BLOOD_ORDER_SHARE) };
}

/** FROM and WHERE of all clones of a table before thinning. */
export function cloneSource(table: ClonedTable, { where, isIcuOnly }: TableShape): string {
  const conditions = [
    ...(isIcuOnly ? ['p.is_icu'] : []),
    ...(table === 'patients' || isIcuOnly ? [] : ['(t.adm IS NULL OR (p.kept >> t.adm) & 1 = 1)']),
    ...(where === undefined ? [] : [where]),
  ];
  return `FROM demo_${table} t JOIN people p ON p.subject_id = t.subject_id WHERE ${conditions.length === 0 ? 'true' : conditions.join(' AND ')}`;
}

/** Parts per million of the rows that may be left out which stay, so that the table has as many rows as the published one. */
export async function thinningPpm(
  connection: DuckDBConnection,
  table: ClonedTable,
  shape: TableShape,
  scale: number,
): Promise<number> {
  if (['patients', 'admissions', 'icustays'].includes(table)) return 1_000_000;
  const fixed = [...(shape.isIcuOnly ? [] : ['p.is_icu']), shape.protectedWhere ?? 'false'].join(' OR ');
  const [all = 0, kept = 0] = await numbers(
    connection,
    `SELECT count(*), count(*) FILTER (WHERE ${fixed}) ${cloneSource(table, shape)}`,
  );
  const wanted = FULL_SIZE[table] * scale - kept;
  return all === kept ? 1_000_000 : Math.round(1e6 * Math.max(0, Math.min(1, wanted / (all - kept))));
}
