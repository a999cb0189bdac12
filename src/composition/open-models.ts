import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.js';
import { loadModelBundle } from '../ensemble/load-model-bundle.js';
import type { ModelBundle } from '../ensemble/model-bundle.js';
import { createModelHolder, type ModelHolder } from '../ensemble/model-holder.js';
import { logEvent, type Log } from '../logging/logger.js';
import { buildModelCard } from '../model-card/build-model-card.js';
import { readCardSources } from '../model-card/card-sources.js';
import type { ModelCard } from '../model-card/model-card.js';

/** The model that answers, which may be replaced while the service runs, and its card. */
export interface Models {
  readonly holder: ModelHolder;
  /** Of the model that answers now. */
  card(): ModelCard;
}

/** Verifies the configured model and holds it. Throws ServiceError ERR_MODEL_BUNDLE naming file, expected and found. */
export async function openModels(config: Config, log: Log): Promise<Models> {
  const cards = new WeakMap<ModelBundle, ModelCard>();
  const load = async (folder: string): Promise<ModelBundle> => {
    const directory = modelDirectory(folder);
    const bundle = await verifiedBundle(directory, config, log);
    cards.set(bundle, buildModelCard(await readCardSources(directory, bundle)));
    return bundle;
  };
  const first = await load(config.modelBundleDir);
  const holder = createModelHolder(first, config.modelBundleDir, {
    load,
    onReplaced: ({ identity: { id, version, sha256 } }) => {
      logEvent(log, 'model.replaced', { id, version, sha256 });
    },
    onRefused: ({ code, detail }) => {
      logEvent(log, 'model.refused', { code, detail: detail.slice(0, 500) });
    },
  });
  return {
    holder,
    card: () => {
      const card = cards.get(holder.current());
      if (!card) throw new Error('a model is held without its card');
      return card;
    },
  };
}

async function verifiedBundle(directory: string, config: Config, log: Log): Promise<ModelBundle> {
  const startMs = performance.now();
  const { noteEncodersDir, noteEncoderThreads } = config;
  const bundle = await loadModelBundle(directory, {
    ...(noteEncodersDir === undefined ? {} : { encodersDir: modelDirectory(noteEncodersDir) }),
    noteEncoder: { threads: noteEncoderThreads },
  });
  const { id, version, sha256 } = bundle.identity;
  const noteEncoder = bundle.noteEncoder?.id;
  const durationMs = Math.round(performance.now() - startMs);
  logEvent(log, 'model.verified', {
    id,
    version,
    sha256,
    columns: bundle.spec.tabular.length,
    noteEncoder,
    durationMs,
  });
  return bundle;
}

/** A relative folder is looked for from the working directory, then from the project. */
function modelDirectory(directory: string): string {
  const here = resolve(directory);
  if (isAbsolute(directory) || existsSync(here)) return here;
  return fileURLToPath(new URL(`../../${directory}`, import.meta.url));
}
