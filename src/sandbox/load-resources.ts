import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import type { FhirResource } from 'fhir/r4.js';
import { ServiceError } from '../errors/service-error.js';
import { materialise } from './relative-time.js';
import { member } from './resource-json.js';
import { isResource } from './sandbox-store.js';

/** A synthetic patient and the order about to be signed, with all times set. */
export interface FixtureSituation {
  /** Name of its folder. */
  readonly name: string;
  readonly resources: readonly FhirResource[];
  /** The hook call without `fhirServer` and prefetch. */
  readonly hookRequest: unknown;
  /** What is expected of the answer; undefined where the folder says nothing. */
  readonly want: unknown;
}

const unzip = promisify(gunzip);

/**
 * The resources of a file (`.json`: a resource, a list or a Bundle; `.ndjson`: one a line; either with `.gz`) or of every such file in a
 * folder and its folders, in the order of their names. Relative times are set from `t0Ms`. Throws ServiceError ERR_DATASET naming the file.
 */
export async function loadResources(path: string, t0Ms: number): Promise<readonly FhirResource[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new ServiceError('ERR_DATASET', { detail: `there is no file or folder ${path}`, cause });
  });
  if (!info.isDirectory()) return loadFile(path, t0Ms);
  const resources: FhirResource[] = [];
  for (const entry of (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) resources.push(...(await loadResources(inner, t0Ms)));
    else if (/\.(json|ndjson)(\.gz)?$/.test(entry.name)) resources.push(...(await loadFile(inner, t0Ms)));
  }
  return resources;
}

/** One folder of `fhir-fixtures/`, as if its order were signed at `t0Ms`. */
export async function loadFixture(folder: string, t0Ms: number): Promise<FixtureSituation> {
  const want = join(folder, 'want.json');
  return {
    name: basename(folder),
    resources: await loadResources(join(folder, 'fhir-server'), t0Ms),
    hookRequest: materialise(await readJson(join(folder, 'hook-request.json')), t0Ms),
    want: (await isFile(want)) ? materialise(await readJson(want), t0Ms) : undefined,
  };
}

/** All situations of `fhir-fixtures/`, by name. */
export async function loadFixtures(root: string, t0Ms: number): Promise<readonly FixtureSituation[]> {
  const names = (await readdir(root)).sort();
  const situations: FixtureSituation[] = [];
  for (const name of names) {
    if (await isFile(join(root, name, 'hook-request.json'))) situations.push(await loadFixture(join(root, name), t0Ms));
  }
  return situations;
}

/** The resources in a JSON value: one, those of a list, or those of a Bundle's entries. `origin` names it in errors. */
export function resourcesIn(json: unknown, origin: string): readonly FhirResource[] {
  if (Array.isArray(json)) return json.flatMap((item: unknown) => resourcesIn(item, origin));
  if (member(json, 'resourceType') === 'Bundle') {
    const entries: unknown = member(json, 'entry') ?? [];
    if (!Array.isArray(entries))
      throw new ServiceError('ERR_DATASET', { detail: `${origin}: Bundle.entry is no list` });
    return entries.flatMap((entry: unknown) => resourcesIn(member(entry, 'resource'), origin));
  }
  if (!isResource(json))
    throw new ServiceError('ERR_DATASET', {
      detail: `${origin} holds something that is no resource the sandbox knows`,
    });
  return [json];
}

async function loadFile(path: string, t0Ms: number): Promise<readonly FhirResource[]> {
  if (!/\.ndjson(\.gz)?$/.test(path)) return resourcesIn(materialise(await readJson(path), t0Ms), path);
  const resources: FhirResource[] = [];
  const raw = createReadStream(path);
  let line = 0;
  for await (const text of createInterface({
    input: path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw,
    crlfDelay: Infinity,
  })) {
    line += 1;
    if (text.trim() === '') continue;
    const origin = `${path}, line ${line}`;
    resources.push(...resourcesIn(materialise(parseJson(text, origin), t0Ms), origin));
  }
  return resources;
}

async function readJson(path: string): Promise<unknown> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new ServiceError('ERR_DATASET', { detail: `cannot read ${path}`, cause });
  });
  return parseJson((path.endsWith('.gz') ? await unzip(bytes) : bytes).toString('utf8'), path);
}

function parseJson(text: string, origin: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ServiceError('ERR_DATASET', { detail: `${origin} is not JSON`, cause });
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
