import type { DatasetCard } from '../dataset-card.js';
import { attritionMarkdown, attritionOf } from './attrition.js';
import { attritionSvg } from './attrition-svg.js';
import { datasetCardMarkdown } from './dataset-card-markdown.js';
import { distributionsSvg } from './distributions-svg.js';
import { missingnessSvg } from './missingness-svg.js';

/** The files that put a dataset card before human eyes, by name. */
export function reportFiles(card: DatasetCard): ReadonlyMap<string, string> {
  const attrition = attritionOf(card);
  return new Map([
    ['attrition.json', `${JSON.stringify(attrition, null, 2)}\n`],
    ['attrition.md', attritionMarkdown(attrition)],
    ['attrition.svg', attritionSvg(attrition)],
    ['dataset-card.md', datasetCardMarkdown(card)],
    ['missingness.svg', missingnessSvg(card.states)],
    ['distributions.svg', distributionsSvg(card.distributions)],
  ]);
}
