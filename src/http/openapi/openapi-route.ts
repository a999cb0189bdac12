import { Router } from 'express';
import type { ServiceCatalogue } from '../../cds-hooks/service-catalogue.js';
import { publicDocument, sendDocument } from '../public-document.js';
import { methodNotAllowed, onRoute } from '../routes.js';
import { openApiDocument } from './openapi-document.js';

/** `GET /openapi.json` */
export function openApiRoute({ catalogue }: { readonly catalogue: ServiceCatalogue }): Router {
  const document = publicDocument(JSON.stringify(openApiDocument(catalogue)), 'application/json; charset=utf-8');
  const router = Router();
  router
    .route('/openapi.json')
    .all(onRoute('openapi'))
    .get((_request, response) => {
      sendDocument(response, document);
    })
    .all(methodNotAllowed('GET, HEAD'));
  return router;
}
