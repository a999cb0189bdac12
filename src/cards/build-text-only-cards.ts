import type { Card } from '../cds-hooks/card.js';
import { inDialect } from './card-dialect.js';
import { ASSESSMENT_EXTENSION } from './card-extension.js';
import type { CardOptions } from './card-options.js';
import { cardSource } from './card-source.js';
import { escapeMarkdown } from './escape-markdown.js';

/**
 * The info card for orders that only their words name as blood products: nothing was read or scored, and the code is not
 * known to the site's table. No card where there are none.
 */
export function buildTextOnlyCards(references: readonly string[], options: CardOptions): Card[] {
  if (references.length === 0) return [];
  const lines = references.slice(0, 10).map((reference) => `- ${escapeMarkdown(reference)}`);
  const rest = references.length > 10 ? [`- and ${references.length - 10} more`] : [];
  const card: Card = {
    uuid: options.newId(),
    summary: 'No 7-day mortality prediction: an order reads like a blood product, but its code is not known here',
    indicator: 'info',
    detail: [
      '**No prediction was made.** The words of an order name a blood product; no code of it is in the table of this service, and words alone do not decide.',
      `Orders concerned:\n\n${[...lines, ...rest].join('\n')}`,
      'If these are blood product orders, their codes belong in the site overlay of the service.',
    ].join('\n\n'),
    source: cardSource(options),
    extension: { [ASSESSMENT_EXTENSION]: { notScored: 'text-only', textOnlyOrders: references } },
  };
  return [inDialect(card, options)];
}
