import { conceptByKey, isConceptKey } from '../../concepts/dictionary.js';
import type { DatasetCard } from '../dataset-card.js';
import { attritionMarkdown, attritionOf } from './attrition.js';
import { markdownText } from './markdown-text.js';

/** `dataset-card.md`: the card in the form of a model card, for a reader who never opens the JSON. */
export function datasetCardMarkdown(card: DatasetCard): string {
  const { source, index, counts, featureSpec } = card;
  return [
    `# Dataset card: ${markdownText(source.title)}, ${markdownText(index.kind)}`,
    '',
    `- **Source**: ${markdownText(source.title)}, version ${markdownText(source.version)}. ${markdownText(source.citation)}`,
    `- **Licence of the source**: ${markdownText(source.licence)}`,
    `- **Prediction time**: ${index.words}${hours(card)}`,
    `- **Label**: ${card.label}`,
    `- **Deaths the source can see**: ${source.deathsSeen === 'any' ? 'in hospital and after discharge' : 'in hospital only'}`,
    `- **Columns**: ${featureSpec.columns} tabular columns, ${featureSpec.seriesConcepts} series concepts (feature spec \`${featureSpec.id}\`, sha256 \`${featureSpec.sha256}\`). Values are raw, in canonical units; nothing is imputed or scaled.`,
    `- **Values**: sha256 \`${card.tabularSha256}\` over the tabular rows, \`${card.episodesSha256}\` over the episodes, whatever the file format's version`,
    '',
    '## What a reader must know',
    '',
    ...source.caveats.map((caveat) => `- ${markdownText(caveat)}`),
    '',
    '## Counts',
    '',
    table(
      ['rows', 'n with a label', 'deaths within 7 days'],
      Object.entries(counts.events).map(([words, { n, events }]) => [words, n, events]),
    ),
    '',
    table(
      ['', 'episodes'],
      [
        ['episodes', counts.episodes],
        ['patients', counts.patients],
        ['admissions', counts.admissions],
        ['scoreable (any vital sign or haemoglobin in the 48 h before)', counts.scoreable],
        ['outside an ICU stay', counts.outsideIcu],
        ['ambiguous label', counts.ambiguous],
        ['no certain label', counts.unlabelled],
        ['discharged alive within 7 days from a source that sees in-hospital deaths only', counts.dischargedBefore7d],
        ['deaths within 6 h', counts.deathsWithin6h],
        ...(counts.inHospital
          ? [
              ['known whether dead in hospital', counts.inHospital.n],
              ['dead in hospital', counts.inHospital.events],
            ]
          : []),
      ],
    ),
    '',
    table(
      ['split (by patient)', 'n with a label', 'deaths within 7 days'],
      Object.entries(counts.splits).map(([words, { n, events }]) => [words, n, events]),
    ),
    '',
    attritionMarkdown(attritionOf(card)).replace('# Attrition', '## Attrition').trimEnd(),
    '',
    '## Leakage guards',
    '',
    'Each guard would have ended the build. How often it looked:',
    '',
    table(['guard', 'looks'], Object.entries(card.guards)),
    '',
    '## Missing values',
    '',
    table(
      ['concept', 'observed', 'looked for and absent', 'source unavailable'],
      Object.entries(card.states).map(([key, shares]) => [conceptByKey(key).display, ...shares.map(percent)]),
    ),
    '',
    '## Values not used',
    '',
    table(
      ['reason', 'count'],
      Object.entries(card.rejections).map(([words, n]) => [named(words), n]),
    ),
    '',
    `Rows without a filing time, which count as known when charted: ${card.withoutFilingTime}.`,
    '',
    '## Units as charted',
    '',
    'Each is converted to the canonical unit of its concept by the dictionary, or rejected above.',
    '',
    table(['concept and unit', 'values'], Object.entries(card.unitsCharted)),
    '',
    '## Rows read',
    '',
    table(['table', 'rows after filtering'], Object.entries(card.rowsStaged)),
    '',
    ...(card.constantColumns.length === 0
      ? []
      : ['## Constant columns', '', card.constantColumns.map((name) => `\`${name}\``).join(', '), '']),
  ].join('\n');
}

function hours({ index }: DatasetCard): string {
  if (index.kind === 'landmark') return `; hours ${index.landmarkHours.join(', ')}`;
  return `; products more than ${index.gapHours} h apart begin a new episode`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 0) return 'None.';
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => markdownText(String(cell))).join(' | ')} |`;
  return [line(head), `|${head.map((_, at) => (at === 0 ? '---' : '---:')).join('|')}|`, ...rows.map(line)].join('\n');
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

/** `out-of-range hb` with the concept's display. */
function named(words: string): string {
  const [reason = '', key = ''] = words.split(' ');
  return isConceptKey(key) && words === `${reason} ${key}` ? `${reason}: ${conceptByKey(key).display}` : words;
}
