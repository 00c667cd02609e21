import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { npmRegistries } from '../../server/src/disk/npm-registries.ts';
import { withFolder } from '../support/folder.ts';

const signal = new AbortController().signal;

test('questions of one moment share a reading of the settings, each project its own, and a changed file holds at once', () =>
  withFolder({ user: 'registry=https://one.example.test/\n', '.npmrc': '@acme:registry=https://acme.example.test/\n' }, async (folder) => {
    const user = path.join(folder, 'user');
    const ask = npmRegistries({ env: { NPM_CONFIG_USERCONFIG: user }, trusted: true });
    const settings = [pathToFileURL(path.join(folder, '.npmrc')).href];
    const urlOf = async (name: string, files?: readonly string[]): Promise<string> => {
      const found = await ask({ name, ...(files && { settings: files }) }, signal);
      return found.ok ? found.value.url : found.error.detail;
    };
    const first = urlOf('a');
    writeFileSync(user, 'registry=https://two.example.test/\n');
    const rest = [urlOf('b'), urlOf('@acme/c'), urlOf('@acme/c', settings)];
    assert.deepEqual(await Promise.all([first, ...rest]), [
      'https://one.example.test/',
      'https://one.example.test/',
      'https://one.example.test/',
      'https://acme.example.test/',
    ]);
    await setImmediate();
    assert.equal(await urlOf('a'), 'https://two.example.test/');
  }));
