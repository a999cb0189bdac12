/** Embeddings by content: the key is a hash of the encoder and the piece's text, so what is under it never changes. */
export interface EmbeddingCache {
  get(key: string): Promise<Float32Array | undefined>;
  set(key: string, embedding: Float32Array): Promise<void>;
}

/** About 60 MB of 384 dimensions. */
const DEFAULT_CAPACITY = 40_000;

/** In memory; the embedding that was not asked for longest goes first. */
export function memoryCache(capacity = DEFAULT_CAPACITY): EmbeddingCache {
  const entries = recentlyUsed<Float32Array>(capacity);
  return {
    get: (key) => Promise.resolve(entries.get(key)),
    set: (key, embedding) => {
      entries.set(key, embedding);
      return Promise.resolve();
    },
  };
}

/** A map of at most `capacity` entries that drops the one used longest ago. */
export function recentlyUsed<T>(capacity: number): {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
} {
  const entries = new Map<string, T>();
  return {
    get(key) {
      const found = entries.get(key);
      if (found !== undefined) {
        entries.delete(key);
        entries.set(key, found);
      }
      return found;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= capacity) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
  };
}
