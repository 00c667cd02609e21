import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Finding } from '../server/src/core/finding.ts';
import { rules } from '../server/src/rules/index.ts';
import { fixAll, readFacts, readPolicy } from './support/fixture.ts';
import { analyseFiles, type Files } from './support/memory-project.ts';

const HEADINGS = ['What it finds', 'Why it matters', 'How to fix it', 'When not to use it', 'References'];

/** A fenced block of a page: ```yaml bad .github/workflows/ci.yml */
interface Fence {
  readonly role: string;
  readonly file: string;
  readonly text: string;
}

const DEFAULT_FILE: Readonly<Record<string, string>> = { dockerfile: 'Dockerfile', yaml: '.github/workflows/ci.yml', json: 'package.json' };

function fences(page: string): Fence[] {
  return [...page.matchAll(/^```(\w+) (bad|good|with|facts|policy)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map((match) => ({
    role: match[2] ?? '',
    file: match[3] ?? DEFAULT_FILE[match[1] ?? ''] ?? '',
    text: match[4] ?? '',
  }));
}

/** Rules about whether somebody looks after pins. */
const UPDATER_RULES: ReadonlySet<string> = new Set(['docker/pins-unmaintained', 'dependabot/ecosystem-missing']);

for (const { meta } of rules) {
  const file = `docs/rules/${meta.id}.md`;
  test(`${file}: follows the template and its examples are true`, async () => {
    const page = readFileSync(file, 'utf8');
    assert.equal(/^# (.*)$/m.exec(page)?.[1], meta.id);
    assert.deepEqual(
      [...page.matchAll(/^## (.*)$/gm)].map((match) => match[1]),
      HEADINGS,
    );
    const found = fences(page);
    const surroundings: Files = {
      // The examples stand in a repository whose digests are looked after, but for the rules that are about just that.
      ...(UPDATER_RULES.has(meta.id) ? {} : { 'renovate.json': '{}' }),
      ...Object.fromEntries(found.filter(({ role }) => role === 'with').map(({ file, text }) => [file, text])),
    };
    const facts = readFacts(found.find(({ role }) => role === 'facts')?.text);
    const policyText = found.find(({ role }) => role === 'policy')?.text;
    const policy = readPolicy(policyText, meta.id);
    const bad = found.filter(({ role }) => role === 'bad');
    const good = found.filter(({ role }) => role === 'good');
    assert.ok(bad.length > 0 && good.length > 0, 'a page shows a bad and a good example');
    const analyse = (example: Fence) => {
      const analyses = analyseFiles({ ...surroundings, [example.file]: example.text }, { facts, policy });
      const analysis = analyses.find(({ manifest }) => manifest.file.path === example.file);
      assert.ok(analysis, `no format reads ${example.file}`);
      return analysis;
    };
    // What an example leaves to wish for elsewhere (a hint) is not what it is about.
    const told = (findings: readonly Finding[]) => findings.filter(({ rule, severity }) => rule === meta.id || severity !== 'hint');
    const fixed: (string | undefined)[] = [];
    for (const example of bad) {
      const analysis = analyse(example);
      assert.deepEqual([...new Set(told(analysis.findings).map(({ rule }) => rule))], [meta.id], `findings in:\n${example.text}`);
      fixed.push(await fixAll(analysis, 0, facts));
    }
    for (const example of good)
      assert.deepEqual(
        told(analyse(example).findings).map(({ rule, message }) => `${rule}: ${message.what}`),
        [],
        `findings in:\n${example.text}`,
      );
    fixed.forEach((text, i) => {
      if (text !== undefined && good.length === bad.length)
        assert.equal(text, good[i]?.text, 'the good example is what the fix makes of the bad one');
    });
  });
}

test('every page belongs to a rule', () => {
  const ids = new Set(rules.map(({ meta }) => meta.id));
  for (const area of readdirSync('docs/rules', { withFileTypes: true })) {
    if (!area.isDirectory()) continue;
    for (const page of readdirSync(path.join('docs/rules', area.name)))
      assert.ok(ids.has(`${area.name}/${page.replace(/\.md$/, '')}`), `orphan page: ${area.name}/${page}`);
  }
});
