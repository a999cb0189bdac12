import { readFile, writeFile } from 'node:fs/promises';
import { ServiceError } from '../../errors/service-error.js';
import { member, textMember, valuesAt } from '../../sandbox/resource-json.js';

/** What a load left behind, kept in a file so that it can be taken away again. */
export interface LoadManifest {
  readonly manifestVersion: 1;
  readonly fhirBase: string;
  readonly tag: string;
  /** Ids of the patients on the server. */
  readonly patients: readonly string[];
  /** `Type/id`; what others refer to comes first. */
  readonly resources: readonly string[];
}

/** Writes a manifest. Throws ERR_CONFIG where the file cannot be written. */
export async function writeManifest(path: string, manifest: LoadManifest): Promise<void> {
  await writeFile(path, `${JSON.stringify(manifest, null, 1)}\n`).catch((cause: unknown) => {
    throw new ServiceError('ERR_CONFIG', { detail: `the manifest ${path} cannot be written`, cause });
  });
}

/** Reads a manifest. Throws ERR_CONFIG where the file cannot be read or is none. */
export async function readManifest(path: string): Promise<LoadManifest> {
  const json = await readFile(path, 'utf8')
    .then(
      (text): unknown => JSON.parse(text),
      () => undefined,
    )
    .catch(() => undefined);
  const [fhirBase, tag] = [textMember(json, 'fhirBase'), textMember(json, 'tag')];
  const resources = textsAt(json, 'resources');
  if (
    member(json, 'manifestVersion') !== 1 ||
    fhirBase === undefined ||
    tag === undefined ||
    !resources.every(isReference)
  ) {
    throw new ServiceError('ERR_CONFIG', {
      detail: `${path} is no manifest that \`hemolens kit load --manifest\` wrote`,
    });
  }
  return { manifestVersion: 1, fhirBase, tag, patients: textsAt(json, 'patients'), resources };
}

function textsAt(json: unknown, name: string): readonly string[] {
  return valuesAt(json, name).filter((item) => typeof item === 'string');
}

function isReference(text: string): boolean {
  return /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(text);
}
