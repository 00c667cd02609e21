import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PUBLIC_NPM_REGISTRY_URL } from '../server/src/core/public-npm-registry.ts';
import { analyseFiles } from './support/memory-project.ts';

/** What npm/dependency-confusion says of a package without a scope that comes from the registry of a scope. */
function confused(registry: string): string[] {
  const names = ['left-pad', 'ms', 'debug', '@acme/ui', 'acme-utils'];
  const of = (name: string): string => (/acme/.test(name) ? registry : 'https://npm.example.test/');
  const packages = names.map((name) => [
    `node_modules/${name}`,
    { version: '1.0.0', resolved: `${of(name)}${name}/-/${name.split('/').at(-1)}-1.0.0.tgz` },
  ]);
  const dependencies = Object.fromEntries(names.map((name) => [name, '^1.0.0']));
  const files = {
    'package.json': JSON.stringify({ name: 'shop', dependencies }),
    '.npmrc': `@acme:registry=${registry}\n`,
    'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: { '': { dependencies }, ...Object.fromEntries(packages) } }),
  };
  return analyseFiles(files).flatMap(({ findings }) =>
    findings.filter(({ rule }) => rule === 'npm/dependency-confusion').map(({ message }) => message.what),
  );
}

test('a package without a scope from the registry of a scope is told, unless that is the public one', () => {
  assert.match(confused('https://npm.acme.test/').join('\n'), /^package-lock\.json takes `acme-utils` from `npm\.acme\.test`, .*$/);
  assert.deepEqual(confused(PUBLIC_NPM_REGISTRY_URL), []);
});

test('entries without an address and ones with the public address are both from the configured registry', () => {
  const of = (name: string, resolved?: string) => [`node_modules/${name}`, { version: '1.0.0', ...(resolved && { resolved }) }] as const;
  const found = (registry: string) => {
    const packages = [of('left-pad'), of('ms'), of('@acme/ui'), of('@acme/core', `${registry}@acme/core/-/core-1.0.0.tgz`)];
    const dependencies = { 'left-pad': '^1.0.0', ms: '^1.0.0', '@acme/ui': '^1.0.0', '@acme/core': '^1.0.0' };
    const files = {
      'package.json': JSON.stringify({ name: 'shop', dependencies }),
      'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: { '': { dependencies }, ...Object.fromEntries(packages) } }),
    };
    return analyseFiles(files).flatMap(({ findings }) => findings.filter(({ rule }) => rule === 'npm/dependency-confusion'));
  };
  assert.deepEqual(found(PUBLIC_NPM_REGISTRY_URL), []);
  assert.equal(found('https://npm.acme.test/').length, 1);
});
