// Lists the licences of all npm and Python packages and fails on one that is not allowed.
//
//   node tools/licences.mjs [--python .venv] [--out FOLDER]
//
// npm packages come from package-lock.json (dev packages too), Python packages from the metadata of an installed environment. Writes
// licences.json to FOLDER; prints counts. Nothing is asked over the network.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';

/** Permissive licences, and those of data and fonts that ask for attribution only. */
const ALLOWED = new Set([
  ...[
    'MIT',
    'MIT-0',
    'ISC',
    '0BSD',
    'Apache-2.0',
    'BSD',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'BlueOak-1.0.0',
    'Unlicense',
    'Zlib',
  ],
  ...[
    'CC0-1.0',
    'CC-BY-4.0',
    'Python-2.0',
    'PSF-2.0',
    'PostgreSQL',
    'WTFPL',
    'MPL-2.0',
    'HPND',
    'BSL-1.0',
    'CNRI-Python',
  ],
]);

/** Allowed for these packages alone, with the reason. */
const EXCEPTIONS = [
  {
    package: /^@img\/sharp-/,
    licence: 'LGPL-3.0-or-later',
    reason: 'libvips as a shared library of its own, replaceable; not used by the service, which reads no image',
  },
  {
    package: /^@lhncbc\/ucum-lhc$/,
    licence: 'SEE LICENSE IN LICENSE.md',
    reason: "tests only; the licence is NLM's own, BSD-like, with the UCUM notice",
  },
  ...['LicenseRef-NVIDIA-Proprietary', 'NVIDIA Proprietary Software', ''].map((licence) => ({
    package: /^(nvidia-[a-z0-9-]+|cuda-toolkit)$/,
    licence,
    reason: 'comes with torch for Linux, for training on a GPU; in no image and in no artefact of this project',
  })),
];

/** What packages say in other words, by SPDX id. */
const SAME_AS = new Map([
  ['Apache 2.0', 'Apache-2.0'],
  ['Apache License 2.0', 'Apache-2.0'],
  ['Apache 2.0 License', 'Apache-2.0'],
  ['Apache License, Version 2.0', 'Apache-2.0'],
  ['Apache Software License', 'Apache-2.0'],
  ['Apache License v2.0', 'Apache-2.0'],
  ['Apache-2', 'Apache-2.0'],
  ['MIT License', 'MIT'],
  ['The MIT License (MIT)', 'MIT'],
  ['BSD License', 'BSD'],
  ['BSD 3-Clause', 'BSD-3-Clause'],
  ['3-Clause BSD License', 'BSD-3-Clause'],
  ['new BSD', 'BSD-3-Clause'],
  ['ISC License (ISCL)', 'ISC'],
  ['Python Software Foundation License', 'PSF-2.0'],
  ['PSF', 'PSF-2.0'],
  ['Mozilla Public License 2.0 (MPL 2.0)', 'MPL-2.0'],
]);

/** May a package of this name and licence expression be used? Of `OR` one allowed part is enough, of `AND` all must be. */
export function isAllowed(name, expression) {
  const text = expression.trim().replace(/^\((.*)\)$/, '$1');
  if (/ OR /i.test(text)) return text.split(/ OR /i).some((part) => isAllowed(name, part));
  if (/ AND /i.test(text)) return text.split(/ AND /i).every((part) => isAllowed(name, part));
  const licence = SAME_AS.get(text) ?? text.replace(/ WITH .*$/i, '');
  return (
    ALLOWED.has(licence) ||
    EXCEPTIONS.some((exception) => exception.licence === licence && exception.package.test(name))
  );
}

/** Packages of a package-lock.json, the project's own left out. */
export function npmPackages(lock) {
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, { name = path.split('node_modules/').at(-1), version, license, dev = false }]) => ({
      ecosystem: 'npm',
      name,
      version,
      licence: license ?? '',
      dev,
    }));
}

/** Name, version and licence in the METADATA of an installed Python package: its expression, its classifiers or its short text. */
export function pythonPackage(metadata) {
  const [head] = metadata.split(/\r?\n\r?\n/, 1);
  const all = (field) => [...head.matchAll(new RegExp(`^${field}: *(.+)$`, 'gim'))].map(([, value]) => value.trim());
  const classifiers = all('Classifier')
    .filter((value) => value.startsWith('License :: ') && value !== 'License :: OSI Approved')
    .map((value) => value.split(' :: ').at(-1));
  const [short = ''] = all('License');
  const [licence] = [all('License-Expression')[0], classifiers.join(' AND '), short].filter((text) => text);
  return {
    ecosystem: 'python',
    name: all('Name')[0] ?? '',
    version: all('Version')[0],
    licence: licence ?? '',
    dev: true,
  };
}

function pythonPackages(environment) {
  const lib = join(environment, 'lib');
  return readdirSync(lib).flatMap((python) => {
    const site = join(lib, python, 'site-packages');
    return readdirSync(site)
      .filter((folder) => folder.endsWith('.dist-info') && !folder.startsWith('hemolens'))
      .map((folder) => pythonPackage(readFileSync(join(site, folder, 'METADATA'), 'utf8')));
  });
}

function main() {
  const { values } = parseArgs({ options: { python: { type: 'string' }, out: { type: 'string' } } });
  const packages = [
    ...npmPackages(JSON.parse(readFileSync('package-lock.json', 'utf8'))),
    ...(values.python === undefined ? [] : pythonPackages(values.python)),
  ];
  const refused = packages.filter(({ name, licence }) => !isAllowed(name, licence));
  const counts = {};
  for (const { licence } of packages) counts[licence || 'none'] = (counts[licence || 'none'] ?? 0) + 1;
  if (values.out !== undefined) {
    mkdirSync(values.out, { recursive: true });
    writeFileSync(join(values.out, 'licences.json'), `${JSON.stringify({ counts, packages }, undefined, 2)}\n`);
  }
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  console.log(`${packages.length} packages: ${sorted.map(([licence, count]) => `${count} ${licence}`).join(', ')}`);
  for (const { ecosystem, name, version, licence } of refused) {
    console.error(`not allowed: ${ecosystem} ${name} ${version}: ${licence || 'no licence'}`);
  }
  if (refused.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main();
