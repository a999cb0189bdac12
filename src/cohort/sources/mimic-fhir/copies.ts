import { createHash } from 'node:crypto';
import { ServiceError } from '../../../errors/service-error.js';
import { referenceTo } from '../../../record/element.js';
import type { ExportedResource } from './export-lines.js';

/** A resource seen: what it is, where it stands, and what it says in short. */
export interface Copy {
  readonly reference: string;
  readonly file: string;
  readonly line: number;
  /** The start of the SHA-1 of its JSON: enough to tell copies apart, and small, since very many are kept. */
  readonly digest: string;
}

export interface Copies {
  /** Is it the first of its type and id, or without an id? Throws ERR_DATASET where an earlier one says something else. */
  isFirst(copy: Copy): boolean;
}

const DIGEST_CHARACTERS = 12;

export function copyOf({ resource, file, line }: ExportedResource): Copy {
  const sha1 = createHash('sha1').update(JSON.stringify(resource)).digest('base64');
  return { reference: referenceTo(resource), file, line, digest: sha1.slice(0, DIGEST_CHARACTERS) };
}

/**
 * Tells copies from contradictions. Of an id that is there twice the facts would take the first in the order of the files, the
 * record another: labels would depend on how the files are cut. Identical copies are counted where they would be staged.
 */
export function startCopies(): Copies {
  const digests = new Map<string, string>();
  return {
    isFirst: ({ reference, file, line, digest }) => {
      if (!reference.includes('/')) return true;
      const before = digests.get(reference);
      if (before !== undefined && before !== digest) {
        const [type = 'resource'] = reference.split('/');
        throw new ServiceError('ERR_DATASET', {
          detail: `${file}: line ${line} has the id of an earlier ${type} and says something else`,
        });
      }
      digests.set(reference, digest);
      return before === undefined;
    },
  };
}
