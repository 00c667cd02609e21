import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Format } from '../../server/src/core/manifest.ts';
import { analyse } from '../../server/src/engine/analyse.ts';
import { OFFLINE_FACTS } from '../../server/src/engine/fact-store.ts';
import { DEFAULT_POLICY } from '../../server/src/policy/policy.ts';
import { rules } from '../../server/src/rules/index.ts';
import { memoryProject, shippedLookalikes, sourceFile } from './memory-project.ts';

/** All documents with a file name that the rules' fixtures have, with the byte order marks and line ends they ask for. */
export function fixtureDocuments(fileName: string): string[] {
  const names = readdirSync('test/rules', { recursive: true }).map(String);
  return names
    .filter((name) => name.endsWith('.txt'))
    .flatMap((name) => {
      const parts = readFileSync(path.join('test/rules', name), 'utf8').split(/^--- (.*)\n/m);
      return parts.flatMap((part, i) => {
        const header = /^input (\S+)(?: \(([^)]*)\))?$/.exec(i % 2 === 1 ? part : '');
        if (header === null || path.posix.basename(header[1] ?? '') !== fileName) return [];
        const body = parts[i + 1] ?? '';
        const text = header[2]?.includes('crlf') ? body.replaceAll('\n', '\r\n') : body;
        return [header[2]?.includes('bom') ? `\ufeff${text}` : text];
      });
    });
}

/** Reading is cheap and rules are many: they run over every so many prefixes, and over all of the last ones. */
export const RULES_EVERY = 5;

/**
 * Reads every prefix of a document (of a long one every `step`th, and the last ones) and runs all rules over it. Throws
 * where a parser or a rule does, or where a finding stands outside the text.
 */
export function checkEveryPrefix(format: Format, fileName: string, document: string, step = 1): void {
  for (let end = 0; end <= document.length; end += end > document.length - 40 ? 1 : step) {
    const text = document.slice(0, end);
    const file = sourceFile(fileName, text);
    const manifest = format.parse(file);
    const isLookedAt = (end / step) % RULES_EVERY === 0 || end > document.length - 40;
    const { findings } = !isLookedAt
      ? { findings: [] }
      : analyse(manifest, {
          rules,
          policy: DEFAULT_POLICY,
          surroundings: memoryProject({ [fileName]: text, 'package-lock.json': fileName === 'package-lock.json' ? text : '{}' }),
          facts: OFFLINE_FACTS,
          lookalikes: shippedLookalikes(),
          onRuleError: (rule, _format, error) => {
            throw new Error(`${rule} threw on a prefix of ${end} units`, { cause: error });
          },
        });
    for (const { rule, span } of [...findings, ...manifest.problems.map(({ span }) => ({ rule: 'problem', span }))]) {
      if (span.start < 0 || span.end < span.start || span.end > text.length)
        throw new Error(`${rule} stands outside a prefix of ${end} units: ${span.start}-${span.end}`);
    }
  }
}
