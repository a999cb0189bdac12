import { describe, expect, it } from '@jest/globals';
import { isAllowed, npmPackages, pythonPackage } from '../../tools/licences.mjs';

describe('the licence of a package', () => {
  it.each<[string, string, boolean]>([
    ['left', 'MIT', true],
    ['left', '(MIT OR GPL-3.0)', true],
    ['left', 'MIT AND Apache-2.0', true],
    ['left', 'MIT AND GPL-3.0-only', false],
    ['left', 'AGPL-3.0-only', false],
    ['left', '', false],
    ['left', 'LGPL-3.0-or-later', false],
    ['@img/sharp-libvips-linux-x64', 'LGPL-3.0-or-later', true],
    ['left', 'Apache Software License', true],
  ])('of %s, %s, is allowed: %s', (name, licence, expected) => {
    expect(isAllowed(name, licence)).toBe(expected);
  });

  it('is read from the lock file and from the metadata of Python packages', () => {
    const lock = {
      packages: { '': { name: 'own' }, 'node_modules/a/node_modules/@x/b': { version: '1.0.0', license: 'ISC' } },
    };
    expect(npmPackages(lock)).toMatchObject([{ name: '@x/b', version: '1.0.0', licence: 'ISC' }]);
    const metadata =
      'Name: c\nVersion: 2\nClassifier: License :: OSI Approved :: MIT License\n\nLicense-Expression: GPL\n';
    expect(pythonPackage(metadata)).toMatchObject({ name: 'c', version: '2', licence: 'MIT License' });
    expect(pythonPackage('Name: d\nVersion: 3\n')).toMatchObject({ licence: '' });
  });
});
