import { ServiceError } from '../errors/service-error.js';
import type { ModelBundle } from './model-bundle.js';

/** Gives a call the model of now, which stays open until the call has done with it. */
export type UseModel = <T>(run: (bundle: ModelBundle) => Promise<T>) => Promise<T>;

/** The running model, which can be replaced between calls. */
export interface ModelHolder {
  readonly use: UseModel;
  /** What `use` gives at this moment; for what only reads it. */
  current(): ModelBundle;
  /**
   * Has the bundle of this folder (undefined: the first one's) take over, unless it is the running one or the last that was
   * asked for. Returns at once: calls get the running model until the other is loaded and verified, and keep it when that fails.
   */
  follow(directory: string | undefined): void;
  /** Resolves when no load is under way. */
  settled(): Promise<void>;
  /** Closes the running model; after the last call has ended, and after a load that is under way. */
  close(): Promise<void>;
}

export interface ModelHolderDeps {
  /** Loads and verifies a bundle; throws ServiceError ERR_MODEL_BUNDLE. */
  readonly load: (directory: string) => Promise<ModelBundle>;
  readonly onReplaced: (bundle: ModelBundle) => void;
  /** Told once for a folder that is asked for, however many calls follow it; and when an old bundle does not close. */
  readonly onRefused: (fault: { readonly code: string; readonly detail: string }) => void;
}

interface Held {
  readonly bundle: ModelBundle;
  readonly directory: string;
  users: number;
  isRetired: boolean;
}

/** Holds a verified bundle that was loaded from `directory`. */
export function createModelHolder(bundle: ModelBundle, directory: string, deps: ModelHolderDeps): ModelHolder {
  let held: Held = { bundle, directory, users: 0, isRetired: false };
  let wanted = directory;
  let loading: Promise<void> = Promise.resolve();
  let isClosed = false;

  /** Not when something else was asked for, or the service stops, while a load was under way. */
  const isWanted = (folder: string): boolean => folder === wanted && !isClosed;

  const closeOf = async ({ bundle: own }: Held): Promise<void> => {
    try {
      await own.close();
    } catch {
      deps.onRefused({ code: 'ERR_INTERNAL', detail: 'a model bundle that was replaced could not be closed' });
    }
  };

  const retire = async (old: Held): Promise<void> => {
    old.isRetired = true;
    if (old.users === 0) await closeOf(old);
  };

  const replace = async (next: string): Promise<void> => {
    if (!isWanted(next) || next === held.directory) return;
    const fresh = await loadedOr(next, deps);
    if (!fresh) return;
    if (!isWanted(next)) return fresh.close();
    const old = held;
    held = { bundle: fresh, directory: next, users: 0, isRetired: false };
    deps.onReplaced(fresh);
    await retire(old);
  };

  return {
    async use(run) {
      const own = held;
      own.users += 1;
      try {
        return await run(own.bundle);
      } finally {
        own.users -= 1;
        // The call that was last does not wait for it.
        if (own.isRetired && own.users === 0) void closeOf(own);
      }
    },
    current: () => held.bundle,
    follow(next = directory) {
      if (next === wanted) return;
      wanted = next;
      loading = loading.then(() => replace(next));
    },
    settled: () => loading,
    async close() {
      isClosed = true;
      await loading;
      await retire(held);
    },
  };
}

async function loadedOr(directory: string, { load, onRefused }: ModelHolderDeps): Promise<ModelBundle | undefined> {
  try {
    return await load(directory);
  } catch (error) {
    if (error instanceof ServiceError) onRefused({ code: error.code, detail: error.detail });
    else onRefused({ code: 'ERR_INTERNAL', detail: 'the model bundle could not be loaded' });
    return undefined;
  }
}
