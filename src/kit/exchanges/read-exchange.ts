import { readFile } from 'node:fs/promises';
import { ServiceError } from '../../errors/service-error.js';
import { instantMs } from '../../record/fhir-time.js';
import { isObject, member, textMember } from '../../sandbox/resource-json.js';
import { oneLine } from '../fhir-server/outcome-words.js';
import { FORMAT, FORMAT_VERSION, type RecordedExchange } from './exchange.js';

/**
 * The exchange in a file that `hemolens kit fire --record` wrote.
 * Throws ServiceError ERR_DATASET naming the file and saying what is wrong with it: not readable, not JSON, something else, a format
 * version that is not known here, or an element that does not fit. Nothing of the content is quoted.
 */
export async function readExchange(file: string): Promise<RecordedExchange> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw bad(file, `cannot be read (${textMember(error, 'code') ?? 'unknown reason'})`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw bad(file, text.trim() === '' ? 'is empty' : 'is not JSON: it is damaged, or cut short');
  }
  return checkExchange(value, file);
}

/** The same for JSON that is read already; `file` is for the message. */
export function checkExchange(value: unknown, file: string): RecordedExchange {
  if (textMember(value, 'format') !== FORMAT)
    throw bad(file, 'is JSON, but no recorded exchange: `hemolens kit fire --record FILE` writes them');
  const version = member(value, 'formatVersion');
  if (version !== FORMAT_VERSION) {
    const found = typeof version === 'number' || typeof version === 'string' ? oneLine(String(version)) : 'none';
    throw bad(
      file,
      `has format version ${found}; this hemolens reads ${FORMAT_VERSION}. Record it again, or use the version that wrote it (${oneLine(textMember(member(value, 'recordedBy'), 'version') ?? 'it does not say which')})`,
    );
  }
  const misfit = firstMisfit(value, EXCHANGE, '');
  if (misfit !== undefined) throw bad(file, `is damaged: ${misfit}`);
  if (!isExchange(value)) throw bad(file, 'is damaged: sentAt is not a moment in UTC');
  return value;
}

function isExchange(value: unknown): value is RecordedExchange {
  return firstMisfit(value, EXCHANGE, '') === undefined && instantMs(textMember(value, 'sentAt')) !== undefined;
}

function bad(file: string, what: string): ServiceError {
  return new ServiceError('ERR_DATASET', { detail: `${file} ${what}` });
}

/** A little schema: what kind a value is, and of an object or a list what is in it; `?` at the end of a name: may be missing. */
type Shape =
  | 'text'
  | 'number'
  | 'flag'
  | 'object'
  | 'anything'
  | readonly string[]
  | { readonly [member: string]: Shape }
  | { readonly list: Shape };

const STATES = ['data', 'empty', 'failed', 'unresolved', 'not-asked'];
const ANSWER: Shape = { status: 'number', durationMs: 'number', 'response?': 'anything' };
const EXCHANGE: Shape = {
  recordedBy: { name: 'text', version: 'text' },
  sentAt: 'text',
  identities: ['removed', 'kept'],
  notes: ['removed', 'kept'],
  service: { id: 'text', hook: ['order-sign'] },
  sent: {
    prefetch: 'anything',
    keys: { list: { key: 'text', state: STATES, 'resources?': 'number', 'durationMs?': 'number' } },
    prefetchMs: 'number',
    bytes: 'number',
    namedFhirServer: 'flag',
    hadFhirToken: 'flag',
    wasSigned: 'flag',
  },
  request: {
    hook: ['order-sign'],
    hookInstance: 'text',
    context: { userId: 'text', patientId: 'text', 'encounterId?': 'text', draftOrders: 'object' },
    'prefetch?': 'object',
  },
  answers: { original: ANSWER, alone: ANSWER },
};

/** Says which element does not fit; undefined where all do. */
function firstMisfit(value: unknown, shape: Shape, path: string): string | undefined {
  if (shape === 'anything') return undefined;
  if (isChoice(shape))
    return typeof value === 'string' && shape.includes(value) ? undefined : `${path} is none of ${shape.join(', ')}`;
  switch (shape) {
    case 'text':
      return typeof value === 'string' && value !== '' ? undefined : `${path} is not a text`;
    case 'number':
      return typeof value === 'number' ? undefined : `${path} is not a number`;
    case 'flag':
      return typeof value === 'boolean' ? undefined : `${path} is neither true nor false`;
    case 'object':
      return isObject(value) ? undefined : `${path} is not an object`;
    default:
      return isList(shape) ? listMisfit(value, shape.list, path) : memberMisfit(value, shape, path);
  }
}

function isChoice(shape: Shape): shape is readonly string[] {
  return Array.isArray(shape);
}

function isList(shape: object): shape is { readonly list: Shape } {
  return 'list' in shape;
}

function listMisfit(value: unknown, shape: Shape, path: string): string | undefined {
  if (!Array.isArray(value)) return `${path} is not a list`;
  return value
    .map((item: unknown, index) => firstMisfit(item, shape, `${path}[${index}]`))
    .find((misfit) => misfit !== undefined);
}

function memberMisfit(value: unknown, shape: Readonly<Record<string, Shape>>, path: string): string | undefined {
  if (!isObject(value)) return `${path === '' ? 'the whole' : path} is not an object`;
  return Object.entries(shape)
    .map(([name, inner]) => {
      const bare = name.replace(/\?$/, '');
      const found = member(value, bare);
      const at = path === '' ? bare : `${path}.${bare}`;
      if (found !== undefined) return firstMisfit(found, inner, at);
      return bare === name && inner !== 'anything' ? `${at} is missing` : undefined;
    })
    .find((misfit) => misfit !== undefined);
}
