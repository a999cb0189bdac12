import { member, textMember, valuesAt } from '../../sandbox/resource-json.js';
import { fhirRequest, type FhirAnswer } from '../fhir-server/fhir-request.js';
import { fhirServerAccess, type FhirServerAccess, type FhirServerOptions } from '../fhir-server/fhir-server-access.js';
import { issueWords } from '../fhir-server/outcome-words.js';
import type { ServerProblem } from '../fhir-server/server-problem.js';
import { deletionChunks } from './deletion-order.js';

const BUNDLE_TIME_LIMIT_MS = 120_000;

export interface UnloadOptions {
  readonly fhirBase: string;
  /** `Type/id`, what refers to others before it (`inDeletionOrder`). */
  readonly references: readonly string[];
  /** Entries a Bundle. Default 200. */
  readonly bundleSize?: number;
  readonly connection?: FhirServerOptions;
  readonly onProgress?: (done: number, of: number) => void;
}

/** A resource that stayed, and why. */
export interface KeptResource {
  readonly reference: string;
  readonly status: string;
  readonly said?: string;
}

export interface UnloadReport {
  readonly outcome: 'complete' | 'incomplete';
  readonly deleted: number;
  /** Not there any more when it was to be deleted. */
  readonly alreadyGone: number;
  readonly kept: readonly KeptResource[];
  /** What ended the unloading. */
  readonly problem?: ServerProblem;
}

/**
 * Deletes resources by id, in Bundles; never by a search, which servers run over minutes. A Bundle goes as a transaction, and where
 * one resource of it cannot go, once more as a batch; what is still referred to is tried again as long as others go.
 * Throws only the abort reason of the connection's signal.
 */
export async function unloadFromFhirServer(options: UnloadOptions): Promise<UnloadReport> {
  const access = fhirServerAccess(options.fhirBase, { timeLimitMs: BUNDLE_TIME_LIMIT_MS, ...options.connection });
  const tally: Tally = { deleted: 0, alreadyGone: 0 };
  const stuck: KeptResource[] = [];
  let left = options.references;
  try {
    for (;;) {
      const goneBefore = tally.deleted + tally.alreadyGone;
      const conflicts: KeptResource[] = [];
      for (const chunk of deletionChunks(left, options.bundleSize ?? 200)) {
        const result = await deleteChunk(access, chunk, tally);
        if ('problem' in result) {
          return { outcome: 'incomplete', ...tally, kept: [...stuck, ...conflicts], problem: result.problem };
        }
        for (const one of result.kept) (one.status.startsWith('409') ? conflicts : stuck).push(one);
        options.onProgress?.(tally.deleted + tally.alreadyGone, options.references.length);
      }
      if (conflicts.length === 0 || tally.deleted + tally.alreadyGone === goneBefore) {
        const kept = [...stuck, ...conflicts];
        return { outcome: kept.length === 0 ? 'complete' : 'incomplete', ...tally, kept };
      }
      left = conflicts.map(({ reference }) => reference);
    }
  } finally {
    access.agent.destroy();
  }
}

interface Tally {
  deleted: number;
  alreadyGone: number;
}

type ChunkResult = { readonly kept: readonly KeptResource[] } | { readonly problem: ServerProblem };

async function deleteChunk(
  access: FhirServerAccess,
  references: readonly string[],
  tally: Tally,
): Promise<ChunkResult> {
  const whole = await postDeletions(access, references, 'transaction');
  if (whole.kind !== 'answer') return { problem: whole };
  const answer = whole.status < 300 ? whole : await postDeletions(access, references, 'batch');
  if (answer.kind !== 'answer') return { problem: answer };
  const entries = valuesAt(answer.json, 'entry');
  if (answer.status >= 300 || entries.length !== references.length) {
    const said = answer.said ?? issueWords(answer.json);
    return { problem: { kind: 'write-refused', status: answer.status, ...(said === undefined ? {} : { said }) } };
  }
  return { kept: references.flatMap((reference, at) => keptOf(reference, entries[at], tally)) };
}

function postDeletions(
  access: FhirServerAccess,
  references: readonly string[],
  type: 'transaction' | 'batch',
): Promise<FhirAnswer | ServerProblem> {
  const entry = references.map((url) => ({ request: { method: 'DELETE', url } }));
  return fhirRequest(access, {
    method: 'POST',
    path: '',
    body: JSON.stringify({ resourceType: 'Bundle', type, entry }),
    headers: { Prefer: 'return=minimal' },
  });
}

function keptOf(reference: string, entry: unknown, tally: Tally): readonly KeptResource[] {
  const response = member(entry, 'response');
  const status = textMember(response, 'status') ?? 'no status';
  if (status.startsWith('2')) tally.deleted += 1;
  else if (/^(404|410)/.test(status)) tally.alreadyGone += 1;
  else {
    const said = issueWords(member(response, 'outcome') ?? member(entry, 'outcome'));
    return [{ reference, status, ...(said === undefined ? {} : { said }) }];
  }
  return [];
}
