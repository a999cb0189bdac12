import { Refusal, tinyCard, tinyDiscovery, type Json, type TinyParts } from '../tiny-service.js';

/** The correct tiny service with one thing wrong. */
export interface BrokenService {
  readonly fault: string;
  /** The rules that must tell of it, and no others. */
  readonly fails?: readonly string[];
  readonly warns?: readonly string[];
  readonly change: (correct: TinyParts) => Partial<TinyParts>;
}

/** A card with other members. */
export const cardWith = (change: Json | ((card: Json) => Json)) => (): Partial<TinyParts> => ({
  cards: (haemoglobin) => {
    const card = tinyCard(haemoglobin);
    return [{ ...card, ...(typeof change === 'function' ? change(card) : change) }];
  },
});

/** A discovery entry that differs. */
export const entryWith = (change: (entry: Json) => Json) => (): Partial<TinyParts> => ({
  discovery: () => ({ services: tinyDiscovery().services.map((entry) => change(entry)) }),
});

export const entryWithout = (name: string) =>
  entryWith((entry) => Object.fromEntries(Object.entries(entry).filter(([key]) => key !== name)));

/** Further prefetch templates. */
export const prefetchWith = (prefetch: Json) =>
  entryWith((entry) => ({ ...entry, prefetch: { ...(entry['prefetch'] as Json), ...prefetch } }));

/** Refuses bodies of which `isRefused`, with a status. */
export const refusing =
  (status: number, isRefused: (body: Json) => boolean) =>
  ({ checkBody }: TinyParts): Partial<TinyParts> => ({
    checkBody: (body) => {
      checkBody(body);
      if (isRefused(body)) throw new Refusal(status);
    },
  });

export const firstOf = (card: Json, name: string): Json => (card[name] as readonly Json[])[0] ?? {};
