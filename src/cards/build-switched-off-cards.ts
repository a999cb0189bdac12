import type { Card } from '../cds-hooks/card.js';
import { inDialect } from './card-dialect.js';
import { ASSESSMENT_EXTENSION } from './card-extension.js';
import type { CardOptions } from './card-options.js';
import { cardSource } from './card-source.js';

/** The info card of a service that its operator has switched off, where the site wants one. */
export function buildSwitchedOffCards(options: CardOptions): Card[] {
  const card: Card = {
    uuid: options.newId(),
    summary: 'No 7-day mortality prediction: the prediction service is switched off',
    indicator: 'info',
    detail: [
      '**No prediction was made.** The prediction service has been switched off by those who run it. The chart was not read.',
      'No prediction says nothing about the risk, neither that it is low nor that it is high.',
    ].join('\n\n'),
    source: cardSource(options),
    extension: { [ASSESSMENT_EXTENSION]: { notScored: 'switched-off' } },
  };
  return [inDialect(card, options)];
}
