import { describe, expect, test } from '@jest/globals';
import { createModelHolder, type ModelHolder } from '../../src/ensemble/model-holder.js';
import type { ModelBundle } from '../../src/ensemble/model-bundle.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { explainedBundle } from '../explanation/explained-model.js';

interface Shelf {
  readonly holder: ModelHolder;
  readonly log: string[];
  /** Loads wait for this where it is set. */
  until?: Promise<void>;
}

/** Bundles by folder name, whose loading and closing is noted; a folder `broken…` does not verify. */
function shelf(): Shelf {
  const log: string[] = [];
  const bundle = (name: string): ModelBundle => {
    const made = explainedBundle();
    return {
      ...made,
      identity: { ...made.identity, id: name },
      close: () => {
        log.push(`${name} closed`);
        return Promise.resolve();
      },
    };
  };
  const own: Shelf = {
    log,
    holder: createModelHolder(bundle('first'), 'first', {
      load: async (name) => {
        await own.until;
        if (name.startsWith('broken')) {
          throw new ServiceError('ERR_MODEL_BUNDLE', { detail: 'gbm.onnx: expected sha256 a, found b' });
        }
        log.push(`${name} loaded`);
        return bundle(name);
      },
      onReplaced: ({ identity }) => log.push(`${identity.id} runs`),
      onRefused: ({ code, detail }) => log.push(`${code} ${detail}`),
    }),
  };
  return own;
}

const running = ({ holder }: Shelf): Promise<string> => holder.use(({ identity }) => Promise.resolve(identity.id));

function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('the running model', () => {
  test('is replaced between calls, and the old one closed', async () => {
    const own = shelf();
    own.holder.follow('earlier');
    await own.holder.settled();
    expect(await running(own)).toBe('earlier');
    expect(own.holder.current().identity.id).toBe('earlier');
    expect(own.log).toEqual(['earlier loaded', 'earlier runs', 'first closed']);
  });

  test('serves calls while the other is loaded', async () => {
    const own = shelf();
    const loaded = latch();
    own.until = loaded.opened;
    own.holder.follow('earlier');
    expect(await running(own)).toBe('first');
    loaded.open();
    await own.holder.settled();
    expect(await running(own)).toBe('earlier');
  });

  test('stays open for the calls that began with it, and is closed when the last of them ends', async () => {
    const own = shelf();
    const ends = [latch(), latch()];
    const calls = ends.map(({ opened }) => own.holder.use(async (bundle) => (await opened, bundle.identity.id)));
    own.holder.follow('earlier');
    await own.holder.settled();
    expect(await running(own)).toBe('earlier');
    expect(own.log).not.toContain('first closed');
    ends[0]?.open();
    expect(await calls[0]).toBe('first');
    expect(own.log).not.toContain('first closed');
    ends[1]?.open();
    expect(await calls[1]).toBe('first');
    expect(own.log).toContain('first closed');
  });

  test('a call that fails gives it back too', async () => {
    const own = shelf();
    await expect(own.holder.use(() => Promise.reject(new Error('no score')))).rejects.toThrow('no score');
    own.holder.follow('earlier');
    await own.holder.settled();
    expect(own.log).toContain('first closed');
  });

  test('fault: a bundle that does not verify leaves it in place, and is reported once, however many calls follow', async () => {
    const own = shelf();
    for (let call = 0; call < 3; call++) own.holder.follow('broken');
    await own.holder.settled();
    own.holder.follow('broken');
    await own.holder.settled();
    expect(await running(own)).toBe('first');
    expect(own.log).toEqual(['ERR_MODEL_BUNDLE gbm.onnx: expected sha256 a, found b']);
  });

  test('after a refusal another bundle can take over, and the first folder come back', async () => {
    const own = shelf();
    for (const folder of ['broken', 'earlier', undefined]) {
      own.holder.follow(folder);
      await own.holder.settled();
    }
    expect(await running(own)).toBe('first');
    expect(own.log.filter((line) => line.endsWith('closed'))).toEqual(['first closed', 'earlier closed']);
  });

  test('back to the running one after a refusal loads nothing', async () => {
    const own = shelf();
    own.holder.follow('broken');
    await own.holder.settled();
    own.holder.follow(undefined);
    await own.holder.settled();
    expect(own.log.filter((line) => line.endsWith('loaded'))).toEqual([]);
  });

  test('of several asked for while one is loaded, the last one runs', async () => {
    const own = shelf();
    const loaded = latch();
    own.until = loaded.opened;
    for (const folder of ['a', 'b', 'c']) own.holder.follow(folder);
    loaded.open();
    await own.holder.settled();
    expect(await running(own)).toBe('c');
    expect(own.log.filter((line) => line.endsWith('runs'))).toEqual(['c runs']);
  });

  test('fault: an old bundle that does not close fails neither the last call nor the next replacement', async () => {
    const own = shelf();
    const ends = latch();
    const stuck = own.holder.use(async (bundle) => {
      bundle.close = () => Promise.reject(new Error('thread failed'));
      await ends.opened;
      return 'answered';
    });
    own.holder.follow('earlier');
    await own.holder.settled();
    ends.open();
    expect(await stuck).toBe('answered');
    own.holder.follow('next');
    await own.holder.settled();
    expect(await running(own)).toBe('next');
    expect(own.log).toContain('ERR_INTERNAL a model bundle that was replaced could not be closed');
  });

  test('is closed with the service, and so is one that was being loaded', async () => {
    const own = shelf();
    const loaded = latch();
    own.until = loaded.opened;
    own.holder.follow('earlier');
    await new Promise((resolve) => setImmediate(resolve));
    const closing = own.holder.close();
    loaded.open();
    await closing;
    expect(own.log).toEqual(['earlier loaded', 'earlier closed', 'first closed']);
  });
});
