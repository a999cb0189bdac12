import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { emptyMembers } from '../../src/cds-hooks/empty-members.js';
import { parseManifest } from '../../src/ensemble/bundle-schemas.js';
import { parseFeatureSpec } from '../../src/features/parse-feature-spec.js';
import { buildModelCard } from '../../src/model-card/build-model-card.js';
import { readCardSources, type CardSources } from '../../src/model-card/card-sources.js';
import { modelCardHtml } from '../../src/model-card/model-card-html.js';
import type { ModelCard } from '../../src/model-card/model-card.js';

const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));
const BUNDLES = ['transfusion-open', 'icu-baseline', 'icu-challenge-2012'];

const json = async (directory: string, file: string): Promise<unknown> =>
  JSON.parse(await readFile(join(directory, file), 'utf8')) as unknown;

async function bundleOf(directory: string): Promise<CardSources['bundle']> {
  const manifest = parseManifest(await json(directory, 'manifest.json'));
  const spec = parseFeatureSpec(await json(directory, 'feature-spec.json'));
  const { id, version, title } = manifest;
  return { manifest, spec, identity: { id, version, title, sha256: 'a'.repeat(64) } };
}

const sourcesOf = async (name: string): Promise<CardSources> =>
  readCardSources(join(MODELS, name), await bundleOf(join(MODELS, name)));
const valueOf = ({ attributes }: ModelCard, wanted: number): string =>
  attributes.find(({ number }) => number === wanted)?.value ?? 'missing';

describe.each(BUNDLES)('the model card of %s', (name) => {
  it('has the 31 source attributes of HTI-1, each with a value', async () => {
    const card = buildModelCard(await sourcesOf(name));
    expect(card.attributes.map(({ number }) => number)).toEqual(Array.from({ length: 31 }, (_, at) => at + 1));
    expect(new Set(card.attributes.map(({ name: title, category }) => `${category}: ${title}`)).size).toBe(31);
    expect(emptyMembers(card)).toEqual([]);
    for (const { value, isEvaluated } of card.attributes) expect(value.startsWith('not evaluated')).toBe(!isEvaluated);
  });

  it('says what the bundle says of its population, limits and validity, with intervals and events', async () => {
    const { bundle, text } = await sourcesOf(name);
    const card = buildModelCard(await sourcesOf(name));
    expect(valueOf(card, 3)).toContain(bundle.manifest.outcome);
    expect(valueOf(card, 6)).toContain(bundle.manifest.population.description);
    expect(valueOf(card, 10)).toContain('Contributions are shares of this model');
    expect(valueOf(card, 21)).toMatch(/\d+ events\. AUROC 0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]/);
    expect(text).toContain(bundle.manifest.title);
  });

  it('says that nobody has looked, where nobody has', async () => {
    const card = buildModelCard(await sourcesOf(name));
    for (const number of [15, 16, 22, 24])
      expect(valueOf(card, number)).toMatch(/^not evaluated: No fairness evaluation/);
    for (const number of [13, 17, 18, 19, 20, 23, 25, 28]) expect(valueOf(card, number)).toBe('not evaluated');
    for (const number of [27, 29]) expect(valueOf(card, number)).toMatch(/^not evaluated: /);
  });
});

describe('the figures', () => {
  it('of transfused patients are those of its report, beside those of everybody', async () => {
    const validity = valueOf(buildModelCard(await sourcesOf('transfusion-open')), 21);
    expect(validity).toContain(
      'Out of fold, landmarks: 5421 rows of 1576 patients, 366 events. AUROC 0.807 [0.769, 0.845]',
    );
    expect(validity).toContain('Out of fold, transfused: 320 rows of 221 patients, 31 events.');
  });

  it('name the inputs: age and sex where the feature spec reads them', async () => {
    expect(valueOf(buildModelCard(await sourcesOf('icu-baseline')), 12)).toContain(
      'Sex: used. Date of birth, as age: used.',
    );
  });

  it('of a bundle without card and report are not evaluated, and no attribute is dropped', async () => {
    const card = buildModelCard({ bundle: await bundleOf(join(MODELS, 'icu-baseline')) });
    expect(card.attributes).toHaveLength(31);
    for (const number of [10, 21]) expect(valueOf(card, number)).toBe('not evaluated');
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['figures that are texts', { model: { auroc: { value: 'high' } }, outOfFold: { all: { stack: { auroc: 'x' } } } }],
  ])('fault: of a report that is %s are not evaluated', async (_, report) => {
    const card = buildModelCard({ bundle: await bundleOf(join(MODELS, 'icu-baseline')), report });
    expect(valueOf(card, 21)).toBe('not evaluated');
  });
});

describe('the files of a card', () => {
  it('fault: that were changed since the bundle was made stop the start', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hemolens-card-'));
    await cp(join(MODELS, 'icu-baseline'), directory, { recursive: true });
    await writeFile(join(directory, 'MODEL_CARD.md'), 'No limits.');
    await expect(readCardSources(directory, await bundleOf(directory))).rejects.toMatchObject({
      code: 'ERR_MODEL_BUNDLE',
      detail: expect.stringMatching(/^MODEL_CARD\.md: expected sha256 /) as unknown,
    });
    await rm(directory, { recursive: true });
  });
});

describe('the page', () => {
  it('shows every attribute, runs nothing and loads nothing (req. 79)', async () => {
    const card = buildModelCard(await sourcesOf('transfusion-open'));
    const page = modelCardHtml(card);
    expect(page.match(/<th scope="row">/g)).toHaveLength(31);
    expect(page).not.toMatch(/<script|javascript:|\bon\w+=|src=|href=|@import|url\(/i);
    expect(page).toContain('@media print');
  });

  it('escapes whatever a bundle says of itself', async () => {
    const { bundle } = await sourcesOf('icu-baseline');
    const evil = `<script>"&'</script>`;
    const manifest = {
      ...bundle.manifest,
      outcome: evil,
      population: { ...bundle.manifest.population, description: evil },
    };
    const hostile = {
      manifest,
      spec: bundle.spec,
      identity: { ...bundle.identity, id: evil, title: evil, version: evil },
    };
    const page = modelCardHtml(buildModelCard({ bundle: hostile, text: `## Limits\n\n- ${evil}\n` }));
    expect(page).not.toContain('<script');
    expect(page.match(/&lt;script&gt;&quot;&amp;&#39;/g)?.length).toBeGreaterThanOrEqual(6);
  });
});
