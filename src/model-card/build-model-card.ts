import type { BundleManifest } from '../ensemble/model-bundle.js';
import { TIER_LOWER_BOUNDS } from '../ensemble/risk-tier.js';
import type { FeatureSpec } from '../features/feature-spec.js';
import type { CardSources } from './card-sources.js';
import { itemsUnder } from './card-text.js';
import { internalValidity, leftOut } from './evaluation-figures.js';
import { INTENDED_USE } from './intended-use.js';
import { NOT_EVALUATED, type ModelCard, type SourceAttribute } from './model-card.js';

const RULE = 'ONC HTI-1, source attributes of a predictive decision support intervention, 45 CFR 170.315(b)(11)(iv)(B)';
const NOTICE = 'Research software, not a medical device and not for clinical use.';

/** Sentences; none: nobody has looked. A text of its own says why nobody has. */
type Value = readonly string[] | { readonly notEvaluated: string };
type Row = readonly [category: string, name: string, value: Value];

/** The model card of a bundle: all 31 attributes in their order. */
export function buildModelCard(sources: CardSources): ModelCard {
  const { identity, manifest } = sources.bundle;
  return {
    model: { id: identity.id, version: identity.version, title: identity.title, sha256: identity.sha256 },
    outcome: manifest.outcome,
    notice: NOTICE,
    rule: RULE,
    attributes: rows(sources).map(attribute),
  };
}

function attribute([category, name, value]: Row, index: number): SourceAttribute {
  const said =
    'notEvaluated' in value ? [`${NOT_EVALUATED}: ${value.notEvaluated}`] : value.filter((text) => text !== '');
  const isEvaluated = !('notEvaluated' in value) && said.length > 0;
  return { number: index + 1, category, name, value: said.join('\n') || NOT_EVALUATED, isEvaluated };
}

const NOBODY: Value = [];
const NOT_HERE: Value = { notEvaluated: 'no figure of this site has been given to the service' };

function rows({ bundle, text, report }: CardSources): readonly Row[] {
  const { manifest, spec } = bundle;
  const limits = itemsUnder('Limits', text);
  const fairness = limits.filter((limit) => /fairness/i.test(limit));
  const unfair: Value = fairness.length > 0 ? { notEvaluated: fairness.join(' ') } : NOBODY;
  const madeFrom = itemsUnder('Made from', text);
  const details = 'Details and output of the intervention';
  const purpose = 'Purpose of the intervention';
  const cautions = 'Cautioned out-of-scope use of the intervention';
  const development = 'Intervention development details and input features';
  const fair = 'Process used to ensure fairness in development of the intervention';
  const external = 'External validation process';
  const performance = 'Quantitative measures of performance';
  const maintenance = 'Ongoing maintenance of intervention implementation and use';
  const update = 'Update and continued validation or fairness assessment schedule';
  return [
    [details, 'Name and contact information of the developer', INTENDED_USE.developer],
    [details, 'Funding source of the technical implementation', { notEvaluated: 'no source of funding is declared' }],
    [details, 'Value that the intervention produces as an output', output(manifest)],
    [details, 'Type of output', INTENDED_USE.outputType],
    [purpose, 'Intended use', INTENDED_USE.use],
    [purpose, 'Intended patient population', population(manifest)],
    [purpose, 'Intended users', INTENDED_USE.users],
    [purpose, 'Intended decision-making role', INTENDED_USE.role],
    [cautions, 'Tasks, situations or populations for which a user is cautioned against use', outOfScope(manifest)],
    [cautions, 'Known risks, inappropriate settings, inappropriate uses and known limitations', limits],
    [
      development,
      'Exclusion and inclusion criteria of the training data',
      [...manifest.trainingData.map(trainingRows), ...leftOut(report)],
    ],
    [
      development,
      'Use of race, ethnicity, language, sexual orientation, gender identity, sex, date of birth, social determinants of health and health status as inputs',
      inputs(spec),
    ],
    [development, 'Demographic representativeness of the training data', NOBODY],
    [
      development,
      'Relevance of the training data to the intended setting',
      [manifest.population.description, ...madeFrom],
    ],
    [fair, 'Approach to ensure that the output is fair', unfair],
    [fair, 'Approaches to manage, reduce or eliminate bias', unfair],
    [external, 'Data source, clinical setting or environment', NOBODY],
    [external, 'Party that conducted the external testing', NOBODY],
    [external, 'Demographic representativeness of the external data', NOBODY],
    [external, 'External validation process', NOBODY],
    [performance, 'Validity in test data from the same source as the training data', internalValidity(report)],
    [performance, 'Fairness in test data from the same source as the training data', unfair],
    [performance, 'Validity in data external to the training data', NOBODY],
    [performance, 'Fairness in data external to the training data', unfair],
    [performance, 'References to evaluations of the use of the model on outcomes', NOBODY],
    [maintenance, 'Process and frequency by which validity is monitored over time', INTENDED_USE.monitoring],
    [maintenance, 'Validity in local data', NOT_HERE],
    [maintenance, 'Process and frequency by which fairness is monitored over time', NOBODY],
    [maintenance, 'Fairness in local data', NOT_HERE],
    [update, 'Process and frequency by which the intervention is updated', INTENDED_USE.update],
    [update, 'Process by which the performance is corrected when risks are identified', INTENDED_USE.correction],
  ];
}

function output({ outcome }: BundleManifest): Value {
  const tiers = TIER_LOWER_BOUNDS.map(({ tier, from }) => `${tier} from ${from * 100} %`).reverse();
  return [
    `${outcome}: a calibrated probability from 0 to 1, and its tier (${tiers.join(', ')}).`,
    'With it: the factors most associated with the prediction, what was looked for and not found, and what could not be read.',
  ];
}

function population({ population: { description, icuOnly, baseRate } }: BundleManifest): Value {
  return [
    `Made from ${description}; ${(baseRate * 100).toFixed(1)} % of them had the outcome.`,
    icuOnly ? 'Patients in an intensive care unit only.' : '',
    'Adults for whom an order for red cells, platelets, plasma or cryoprecipitate is being signed.',
  ];
}

function outOfScope({ population: { icuOnly } }: BundleManifest): Value {
  return [
    ...INTENDED_USE.outOfScope,
    icuOnly ? 'Outside an intensive care unit the score is an extrapolation; the card says so.' : '',
  ];
}

function trainingRows({ source, rows: number, events }: BundleManifest['trainingData'][number]): string {
  return `${source}: ${number} rows, ${events} events.`;
}

/** Which of the named inputs the feature spec reads. The mapping of charts knows no other of them. */
function inputs({ tabular, series }: FeatureSpec): Value {
  const concepts = new Set([...tabular.map(({ concept }) => concept), ...series.concepts]);
  const isRead = (concept: string): string => (concepts.has(concept) ? 'used' : 'not used');
  return [
    `Sex: ${isRead('sex')}. Date of birth, as age: ${isRead('age')}.`,
    'Race, ethnicity, language, sexual orientation, gender identity and social determinants of health: not used.',
    `Health status: ${concepts.size} concepts of laboratory results, vital signs, drugs, procedures and conditions are used.`,
  ];
}
