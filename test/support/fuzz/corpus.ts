import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { formatForPath } from '../../../server/src/engine/formats.ts';
import { fixtureFiles } from '../fixture.ts';
import type { Facts, Files } from '../memory-project.ts';

/** A document to start from, and what lies around it. */
export interface CorpusEntry {
  /** Where it comes from, for people. */
  readonly origin: string;
  /** The document among `files` that is changed. */
  readonly path: string;
  readonly files: Files;
  readonly facts: Facts;
}

/** All inputs of the rules' fixtures, and the data of the formats' tests and the examples. Paths are relative to the repository. */
export function readCorpus(): [CorpusEntry, ...CorpusEntry[]] {
  const [first, ...others] = [...ruleFixtures(), ...plainFiles('test/formats'), ...plainFiles('examples')];
  if (first === undefined) throw new Error('there are no fixtures: run this in the repository');
  return [first, ...others];
}

function ruleFixtures(): CorpusEntry[] {
  return filesBelow('test/rules')
    .filter((file) => file.endsWith('.txt'))
    .flatMap((file) => {
      const { files, facts } = fixtureFiles(readFileSync(file, 'utf8'));
      return Object.keys(files).flatMap((name) => (formatForPath(name) === undefined ? [] : [{ origin: file, path: name, files, facts }]));
    });
}

function plainFiles(folder: string): CorpusEntry[] {
  return filesBelow(folder).flatMap((file) => {
    const name = path.posix.basename(file);
    if (formatForPath(name) === undefined) return [];
    return [{ origin: file, path: name, files: { [name]: readFileSync(file, 'utf8') }, facts: {} }];
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name).split(path.sep).join('/'))
    .sort();
}
