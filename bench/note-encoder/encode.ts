/**
 * `node --import tsx bench/note-encoder/encode.ts ENCODER < TEXTS.json > ANSWER.json`: what serving makes of texts, for comparison
 * with Python. TEXTS.json is `{ texts: string[], embed: number }`; the answer has every text normalised, with its token ids,
 * and the vectors of the first `embed` texts' pieces. Loading the encoder verifies all of it, golden texts included.
 */
import { text as readAll } from 'node:stream/consumers';
import { loadNoteEncoder } from '../../src/ensemble/note-encoder/load-note-encoder.js';
import { normaliseNoteText } from '../../src/ensemble/note-encoder/normalise-note-text.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node --import tsx bench/note-encoder/encode.ts ENCODER < TEXTS.json');
  process.exit(2);
}
const { texts, embed } = JSON.parse(await readAll(process.stdin)) as { texts: string[]; embed: number };

const encoder = await loadNoteEncoder(folder);
const normalised = texts.map(normaliseNoteText);
const ids: (readonly number[])[] = [];
for (const text of normalised) ids.push(await encoder.tokenIds(text));
const vectors: number[][][] = [];
for (const text of texts.slice(0, embed)) vectors.push((await encoder.embed(text)).map((vector) => [...vector]));
await encoder.close();
process.stdout.write(JSON.stringify({ normalised, ids, vectors }));
