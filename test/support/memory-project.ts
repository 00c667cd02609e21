import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Answer, FetchFact } from '../../server/src/core/answer.ts';
import { unknown } from '../../server/src/core/answer.ts';
import type { LookalikeJudge } from '../../server/src/core/lookalike.ts';
import type { SourceFile } from '../../server/src/core/source-file.ts';
import { type Analysis, analyse } from '../../server/src/engine/analyse.ts';
import type { FactView } from '../../server/src/engine/fact-store.ts';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { Project } from '../../server/src/engine/project.ts';
import { createJudge } from '../../server/src/lookalikes/judge.ts';
import { DEFAULT_POLICY, type Policy } from '../../server/src/policy/policy.ts';
import { rules } from '../../server/src/rules/index.ts';

/** Files that exist only in a test, by path relative to their root. */
export type Files = Readonly<Record<string, string>>;

/** Facts by `kind key`, as written in fixtures. What is missing is unknown, for want of a network. */
export type Facts = Readonly<Record<string, Answer<unknown>>>;

let shippedList: LookalikeJudge | undefined;

/** The list of names that the program ships with. */
export function shippedLookalikes(): LookalikeJudge {
  shippedList ??= createJudge(readFileSync('server/src/data/lookalikes.bin'));
  assert.ok(shippedList, 'server/src/data/lookalikes.bin is not of this version');
  return shippedList;
}

/** A file of a test as the engine takes it. */
export function sourceFile(path: string, text: string): SourceFile {
  return { uri: `file:///workspace/${path}`, path, text, version: 0 };
}

/** Some files of a test as a project. */
export function memoryProject(files: Files): Project {
  return new Project({
    exists: (path) => Object.hasOwn(files, path) || Object.keys(files).some((file) => file.startsWith(`${path}/`)),
    read: (path) => {
      const text = files[path];
      return text === undefined ? undefined : sourceFile(path, text);
    },
  });
}

/** What the rules see of the facts of a test. */
export function factView(facts: Facts): FactView {
  return { get: (kind, key) => lookUp(facts, `${kind.id} ${kind.key(key)}`) };
}

/** What a fix gets of the facts of a test when it looks something up. */
export function factFetch(facts: Facts): FetchFact {
  return async (kind, key) => lookUp(facts, `${kind.id} ${kind.key(key)}`);
}

function lookUp<V>(facts: Facts, id: string): Answer<V> {
  // A fixture's author writes the kind's own type; a wrong one shows as a wrong golden.
  return (facts[id] as Answer<V> | undefined) ?? unknown('offline');
}

/** All rules over all files of a test that a format reads; a rule that throws fails the test. */
export function analyseFiles(files: Files, options: { readonly facts?: Facts; readonly policy?: Policy } = {}): Analysis[] {
  const project = memoryProject(files);
  return Object.entries(files).flatMap(([path, text]) => {
    const format = formatForPath(path);
    if (format === undefined) return [];
    return analyse(format.parse(sourceFile(path, text)), {
      rules,
      policy: options.policy ?? DEFAULT_POLICY,
      surroundings: project,
      facts: factView(options.facts ?? {}),
      lookalikes: shippedLookalikes(),
      onRuleError: (rule, _format, error) => {
        throw new Error(`${rule} threw on ${path}`, { cause: error });
      },
    });
  });
}
