import type { Card } from '../cds-hooks/card.js';
import type { CardOptions } from './card-options.js';
import { detailAsHtml } from './detail-html.js';

/** By this member Epic tells that a detail is HTML. @see §3.6 */
export const DETAIL_TYPE_EXTENSION = 'com.epic.cdshooks.card.detail.content-type';

/** The card as the client's EHR wants it: its own topic code, the detail as HTML; unchanged without a dialect. */
export function inDialect(card: Card, { dialect }: CardOptions): Card {
  if (!dialect) return card;
  const { topicCode, cardDetail } = dialect;
  const { source, detail, extension } = card;
  const own =
    topicCode === undefined ? card : { ...card, source: { ...source, topic: { ...source.topic, code: topicCode } } };
  switch (cardDetail) {
    case 'markdown':
      return own;
    case 'html':
      return {
        ...own,
        detail: detailAsHtml(detail),
        extension: { ...extension, [DETAIL_TYPE_EXTENSION]: 'text/html' },
      };
  }
}
