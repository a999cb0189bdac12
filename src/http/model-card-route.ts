import { Router } from 'express';
import type { ModelCard } from '../model-card/model-card.js';
import { MODEL_CARD_CSP, modelCardHtml } from '../model-card/model-card-html.js';
import { publicDocument, sendDocument, type PublicDocument } from './public-document.js';
import { methodNotAllowed, onRoute } from './routes.js';

export interface ModelCardRouteDeps {
  /** The card of the model that is served now; the same object as long as it is the same model. */
  readonly modelCard: () => ModelCard;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const HTML_TYPE = 'text/html; charset=utf-8';

/**
 * `GET /model-card`: JSON, or a page for a caller that would rather have HTML.
 * @see requirement 79
 */
export function modelCardRoute({ modelCard }: ModelCardRouteDeps): Router {
  const documents = new WeakMap<ModelCard, { readonly json: PublicDocument; readonly html: PublicDocument }>();
  const documentsOf = (card: ModelCard): { readonly json: PublicDocument; readonly html: PublicDocument } => {
    const made = documents.get(card) ?? {
      json: publicDocument(JSON.stringify(card), JSON_TYPE),
      html: publicDocument(modelCardHtml(card), HTML_TYPE, {
        'Content-Security-Policy': MODEL_CARD_CSP,
        'Referrer-Policy': 'no-referrer',
      }),
    };
    documents.set(card, made);
    return made;
  };
  const router = Router();
  router
    .route('/model-card')
    .all(onRoute('model-card'))
    .get((request, response) => {
      const { json, html } = documentsOf(modelCard());
      response.vary('Accept');
      sendDocument(response, request.accepts(['application/json', 'text/html']) === 'text/html' ? html : json);
    })
    .all(methodNotAllowed('GET, HEAD'));
  return router;
}
