import type { Concept } from './concept.js';
import { concepts, MIMIC_TABLES } from './dictionary.js';

const HEADER = ['#', 'concept', 'LOINC, SNOMED CT', 'unit', 'also read', 'keep range', 'source', 'MIMIC-IV items'];

/** The text of docs/concepts.md, made from dictionary.json. */
export function conceptsDocument(): string {
  return [
    '# Concepts',
    '',
    'Every clinical concept the models may read. Made from `src/concepts/dictionary.json`; a test holds the two together',
    '(`UPDATE_DOCS=1` rewrites this page and the templates of `cds-services.json`).',
    '',
    'The first LOINC code is the primary one, the others are accepted. SNOMED CT codes are marked `SCT`. Beside the units',
    'named under "also read", every unit of the same dimension is converted; how, and what is not read, is in',
    '[decision 0004](adr/0004-units.md). Values outside the keep range are dropped and counted, never clipped.',
    '',
    row(HEADER),
    row(HEADER.map(() => '---')),
    ...concepts.map((concept) => row(cells(concept))),
    '',
    '## Where a code was confirmed',
    '',
    'Codes without an entry are those of the MIT-LCP maps of MIMIC-IV (mimic-code).',
    '',
    row(['code', 'display', 'source']),
    row(['---', '---', '---']),
    ...concepts.flatMap(confirmedCodes),
    '',
    '## Left out',
    '',
    row(['concept', 'code or item', 'why']),
    row(['---', '---', '---']),
    ...concepts.flatMap(({ key, leftOut = [] }) =>
      leftOut.map(({ code, reason }) => row([`\`${key}\``, code, reason])),
    ),
    '',
    '## Notes',
    '',
    ...concepts.flatMap(({ key, note }) => (note === undefined ? [] : [`- \`${key}\`: ${note}`])),
    '',
    '## Names in other sources',
    '',
    row(['concept', 'eICU', 'Challenge 2012']),
    row(['---', '---', '---']),
    ...concepts
      .filter(({ eicu, challenge2012 }) => eicu.length + challenge2012.length > 0)
      .map(({ key, eicu, challenge2012 }) => row([`\`${key}\``, eicu.map(code).join(', '), challenge2012.join(', ')])),
    '',
  ].join('\n');
}

function cells(concept: Concept): readonly string[] {
  const { row: number, key, display, loinc, snomed = [], unit, featureUnit, conversions, range } = concept;
  const codes = [
    ...(loinc.primary ? [loinc.primary.code] : []),
    ...loinc.accepted.map((accepted) => accepted.code),
    ...snomed.map((accepted) => `SCT ${accepted.code}`),
  ];
  return [
    String(number),
    `\`${key}\` ${display}`,
    codes.join(', '),
    featureUnit === undefined ? (unit ?? '') : `${unit ?? ''} (feature ${featureUnit})`,
    conversions.map(({ from }) => from).join(', '),
    range === null ? '' : `${range.low} to ${range.high}`,
    concept.source,
    mimicItems(concept),
  ];
}

function mimicItems({ mimicIv }: Concept): string {
  return MIMIC_TABLES.flatMap((table) => {
    const items = mimicIv[table] ?? [];
    return items.length === 0 ? [] : [`${table} ${items.join(', ')}`];
  }).join('; ');
}

function confirmedCodes({ loinc, snomed = [] }: Concept): readonly string[] {
  const all = [...(loinc.primary ? [loinc.primary] : []), ...loinc.accepted, ...snomed];
  return all.flatMap(({ code, display, source }) => (source === undefined ? [] : [row([code, display, source])]));
}

function code(name: string): string {
  return `\`${name}\``;
}

function row(columns: readonly string[]): string {
  return `| ${columns.map((column) => column.replaceAll('|', '\\|')).join(' | ')} |`;
}
