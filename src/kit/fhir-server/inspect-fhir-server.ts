import { member, textMember, valuesAt } from '../../sandbox/resource-json.js';
import type { FhirServerAccess } from './fhir-server-access.js';
import { fhirRequest } from './fhir-request.js';
import { oneLine } from './outcome-words.js';
import type { ServerProblem } from './server-problem.js';

/** What an R4 server says of one resource type. */
export interface DeclaredType {
  readonly interactions: ReadonlySet<string>;
  readonly searchParameters: ReadonlySet<string>;
  readonly searchIncludes: ReadonlySet<string>;
}

/** A FHIR R4 server, as its CapabilityStatement describes it; what it does not declare it may still do. */
export interface FhirR4Server {
  readonly kind: 'fhir-r4';
  readonly baseUrl: string;
  readonly fhirVersion: string;
  readonly software?: { readonly name: string; readonly version?: string };
  readonly declaresTransaction: boolean;
  readonly declaresBatch: boolean;
  /** Does any type declare create or update? */
  readonly declaresWrites: boolean;
  readonly types: ReadonlyMap<string, DeclaredType>;
}

export type FoundServer = FhirR4Server | ServerProblem;

const RELEASES: readonly (readonly [RegExp, string])[] = [
  [/^(0\.|1\.0\b)/, 'DSTU2'],
  [/^1\./, 'an early STU3 draft'],
  [/^3\.0\b/, 'STU3'],
  [/^3\./, 'an early R4 draft'],
  [/^4\.[13]\b/, 'R4B'],
  [/^(4\.[2456]|5\.0\.0-)/, 'an early R5 draft'],
  [/^5\./, 'R5'],
  [/^6\./, 'R6'],
];

/** Where FHIR bases mostly lie below an address that is none. */
const USUAL_PATHS = ['fhir', 'fhir/r4', 'fhir/R4', 'baseR4', 'r4'];

/** Asks `/metadata` what is there. Throws only the abort reason of `access.signal`. */
export async function inspectFhirServer(access: FhirServerAccess): Promise<FoundServer> {
  const found = await readMetadata(access);
  if (found.kind !== 'not-fhir') return found;
  for (const path of USUAL_PATHS) {
    const nearby = await readMetadata({ ...access, baseUrl: `${access.baseUrl}/${path}`, attempts: 1 });
    if (nearby.kind === 'fhir-r4') return { ...found, nearby: nearby.baseUrl };
  }
  return found;
}

async function readMetadata(access: FhirServerAccess): Promise<FoundServer> {
  const answer = await fhirRequest(access, { method: 'GET', path: 'metadata', isFirstContact: true });
  if (answer.kind !== 'answer') return answer;
  const { status, json, said } = answer;
  const resourceType = textMember(json, 'resourceType');
  // DSTU2 called it Conformance.
  if (resourceType === 'CapabilityStatement' || resourceType === 'Conformance') return serverOf(access.baseUrl, json);
  const saying = said === undefined ? {} : { said };
  if (status >= 400) {
    if (said !== undefined && resourceType === undefined)
      return { kind: 'not-fhir', reason: 'html', status, ...saying };
    return { kind: 'not-fhir', reason: 'not-found', status };
  }
  if (json === undefined) return { kind: 'not-fhir', reason: 'not-json', status };
  return {
    kind: 'not-fhir',
    reason: 'other-json',
    status,
    ...(resourceType === undefined ? {} : { said: `a resource of type ${oneLine(resourceType)}` }),
  };
}

function serverOf(baseUrl: string, statement: unknown): FoundServer {
  const fhirVersion = oneLine(textMember(statement, 'fhirVersion') ?? '');
  if (!/^4\.0(\.|$)/.test(fhirVersion)) {
    const release = RELEASES.find(([pattern]) => pattern.test(fhirVersion))?.[1] ?? 'a version that is not known here';
    return { kind: 'wrong-version', fhirVersion: fhirVersion === '' ? 'not given' : fhirVersion, release };
  }
  const rest = valuesAt(statement, 'rest').find((one) => textMember(one, 'mode') === 'server');
  const system = namesAt(rest, 'interaction', 'code');
  const types = new Map(
    valuesAt(rest, 'resource').map((resource): [string, DeclaredType] => [
      textMember(resource, 'type') ?? '',
      {
        interactions: namesAt(resource, 'interaction', 'code'),
        searchParameters: namesAt(resource, 'searchParam', 'name'),
        searchIncludes: new Set(valuesAt(resource, 'searchInclude').filter((name) => typeof name === 'string')),
      },
    ]),
  );
  const software = member(statement, 'software');
  const name = textMember(software, 'name');
  const version = textMember(software, 'version');
  return {
    kind: 'fhir-r4',
    baseUrl,
    fhirVersion,
    ...(name === undefined
      ? {}
      : { software: { name: oneLine(name), ...(version === undefined ? {} : { version: oneLine(version) }) } }),
    declaresTransaction: system.has('transaction'),
    declaresBatch: system.has('batch') || system.has('transaction'),
    declaresWrites: [...types.values()].some(
      ({ interactions }) => interactions.has('update') || interactions.has('create'),
    ),
    types,
  };
}

function namesAt(value: unknown, list: string, name: string): ReadonlySet<string> {
  return new Set(
    valuesAt(value, list)
      .map((one) => textMember(one, name))
      .filter((text) => text !== undefined),
  );
}

/** One line about a server: `HAPI FHIR Server 8.8.0, FHIR 4.0.1`. */
export function serverWords({ software, fhirVersion }: FhirR4Server): string {
  const named = software === undefined ? 'a server without a name' : [software.name, software.version].join(' ').trim();
  return `${named}, FHIR ${fhirVersion}`;
}
