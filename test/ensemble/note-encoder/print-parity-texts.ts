/** Prints the normalised parity texts as JSON, for `tokens_by_python.py`. */
import { normaliseNoteText } from '../../../src/ensemble/note-encoder/normalise-note-text.js';
import { parityTexts } from './parity-texts.js';

console.log(JSON.stringify(parityTexts().map(normaliseNoteText)));
