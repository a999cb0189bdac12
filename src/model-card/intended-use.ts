/** What is true of every bundle this service serves, in words for people who decide about its use. */
export const INTENDED_USE = {
  developer: [
    'The Hemolens project (open source, Apache-2.0). How to reach it: SECURITY.md and the issue tracker of the source code.',
  ],
  outputType: ['Prediction: a probability that is learned from past patients, with its explanation.'],
  use: [
    'Research on prognosis at the moment a blood product is ordered: one information card at the signing of the order (CDS Hooks order-sign).',
  ],
  users: ['Researchers, and the clinicians who take part in their studies.'],
  role: ['Informs, and does not replace, clinical judgment. It stops no order, changes no order and recommends none.'],
  outOfScope: [
    'Not for deciding whether to transfuse: the score is an association and says nothing of what a transfusion does.',
    'Not for triage, for limiting care or for patients under 18, who are not scored.',
    'Not for orders in an emergency that leaves no time to read.',
  ],
  monitoring: [
    'The service keeps every assessment with its model version, and counts cards by tier, display decisions, faults and feedback (GET /metrics).',
    'No schedule of evaluations is set by the developer: the site that runs the service sets it.',
  ],
  update: [
    'Model bundles have a version and are verified file by file whenever the service starts; a new model is a new bundle, named in CHANGELOG.md. There is no schedule.',
  ],
  correction: [
    'A kill switch ends cards for one client or for all, and an earlier bundle can be served again. A corrected model is a new bundle. There is no schedule.',
  ],
} as const;
