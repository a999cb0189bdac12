import type { Card } from '../cds-hooks/card.js';
import type { CardOptions } from './card-options.js';
import { plainText } from './escape-markdown.js';

/** The same for every card: clients keep override memory by it, so it is alphanumeric and never changes (req. 43, §3.6). */
export const CARD_TOPIC = {
  system: 'https://hemolens.org/fhir/CodeSystem/card-topic',
  code: 'TXMORT7D',
  display: '7-day mortality risk at a blood product order',
} as const;

export function cardSource({ sourceLabel, sourceUrl }: CardOptions): Card['source'] {
  const label = plainText(sourceLabel, 80) || 'Hemolens';
  return sourceUrl === undefined ? { label, topic: CARD_TOPIC } : { label, url: sourceUrl, topic: CARD_TOPIC };
}
