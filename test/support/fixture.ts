import assert from 'node:assert/strict';
import type { Answer } from '../../server/src/core/answer.ts';
import type { Edit, Finding } from '../../server/src/core/finding.ts';
import { messageText } from '../../server/src/core/finding.ts';
import { LineIndex } from '../../server/src/core/text.ts';
import type { Analysis } from '../../server/src/engine/analyse.ts';
import { applyEdits, editsOf } from '../../server/src/engine/edits.ts';
import type { Policy } from '../../server/src/policy/policy.ts';
import { parsePolicy } from '../../server/src/policy/policy-file.ts';
import { rules } from '../../server/src/rules/index.ts';
import { analyseFiles, type Facts, type Files, factFetch } from './memory-project.ts';

/**
 * A fixture file is a list of sections, each under a line `--- kind name (options)`:
 *
 *     --- input Dockerfile (crlf, bom, no-newline)   a file of the workspace; several are allowed
 *     --- facts                                      JSON: {"git-refs owner/repo": Answer}
 *     --- policy                                     a policy file
 *     --- findings                                   golden: what the rule says, with carets
 *     --- fixed Dockerfile                           golden: after the first fix of every finding
 *     --- fixed Dockerfile #2                        golden: after the second fix of those that have two
 *
 * Text before the first section is a comment that says what the case is about.
 */
interface Section {
  readonly kind: string;
  readonly name: string;
  readonly options: readonly string[];
  readonly body: string;
}

function parseSections(text: string): { preface: string; sections: Section[] } {
  const parts = text.split(/^--- (.*)\n/m);
  const sections: Section[] = [];
  for (let i = 1; i < parts.length; i += 2) {
    const header = /^(\S+)(?: ([^(]*?))?(?: \(([^)]*)\))?$/.exec(parts[i] ?? '');
    assert.ok(header, `malformed section header: ${parts[i]}`);
    const options = (header[3] ?? '').split(',').map((option) => option.trim());
    sections.push({
      kind: header[1] ?? '',
      name: header[2] ?? '',
      options: options.filter((option) => option !== ''),
      body: parts[i + 1] ?? '',
    });
  }
  return { preface: parts[0] ?? '', sections };
}

/** The files and facts of a fixture, for who wants nothing but those. */
export function fixtureFiles(text: string): { readonly files: Files; readonly facts: Facts } {
  const { sections } = parseSections(text);
  const inputs = sections.filter(({ kind }) => kind === 'input');
  const facts = readFacts(sections.find(({ kind }) => kind === 'facts')?.body);
  return { files: Object.fromEntries(inputs.map((input) => [input.name, document(input)])), facts };
}

/** The document that an input section means. */
function document({ body, options }: Section): string {
  let text = body;
  if (options.includes('no-newline')) text = text.replace(/\n$/, '');
  if (options.includes('crlf')) text = text.replaceAll('\n', '\r\n');
  if (options.includes('bom')) text = `\ufeff${text}`;
  return text;
}

/** A fixed document as a section shows it; the section's options must undo this exactly. */
function asBody(text: string, options: readonly string[]): string {
  let body = text;
  if (options.includes('bom')) {
    assert.ok(body.startsWith('\ufeff'), 'the fix lost the byte order mark');
    body = body.slice(1);
  }
  if (options.includes('crlf')) {
    assert.doesNotMatch(body, /(?<!\r)\n/, 'the fix added a bare line feed to a CRLF document');
    body = body.replaceAll('\r\n', '\n');
  }
  if (options.includes('no-newline')) {
    assert.doesNotMatch(body, /\n$/, 'the fix added a final newline');
    body = `${body}\n`;
  }
  return body;
}

/** Runs one fixture for one rule and returns the text the fixture should have. Throws where a fix is not idempotent. */
export async function renderFixture(text: string, rule: string): Promise<string> {
  const { preface, sections } = parseSections(text);
  const inputs = sections.filter((section) => section.kind === 'input');
  assert.ok(inputs.length > 0, 'a fixture needs an input');
  const files: Files = Object.fromEntries(inputs.map((input) => [input.name, document(input)]));
  const facts = readFacts(sections.find((section) => section.kind === 'facts')?.body);
  const policy = readPolicy(sections.find((section) => section.kind === 'policy')?.body, rule);
  const of = (analysed: readonly Analysis[]) =>
    analysed.map((one) => ({ ...one, findings: one.findings.filter((finding) => finding.rule === rule) }));
  const analyses = of(analyseFiles(files, { facts, policy }));

  let output = preface;
  for (const section of sections) {
    if (section.kind === 'findings' || section.kind === 'fixed') continue;
    output += header(section.kind, section.name, section.options) + section.body;
  }
  output += header('findings', '', []);
  for (const analysis of analyses) output += await renderFindings(analysis, facts);
  const alternatives = Math.max(0, ...analyses.flatMap(({ findings }) => findings.map((finding) => finding.fixes.length)));
  for (let choice = 0; choice < alternatives; choice++) {
    for (const analysis of analyses) {
      const { path } = analysis.manifest.file;
      const fixed = await fixAll(analysis, choice, facts);
      if (fixed === undefined) continue;
      const [again] = of(analyseFiles({ ...files, [path]: fixed }, { facts, policy }).filter((one) => one.manifest.file.path === path));
      if (again !== undefined && choice === 0) {
        const twice = await fixAll(again, choice, facts);
        assert.equal(twice ?? fixed, fixed, `applying the fix of ${path} twice changes it again`);
      }
      const options = inputs.find((input) => input.name === path)?.options ?? [];
      output += header('fixed', choice === 0 ? path : `${path} #${choice + 1}`, options) + asBody(fixed, options);
    }
  }
  return output;
}

function header(kind: string, name: string, options: readonly string[]): string {
  return `--- ${kind}${name === '' ? '' : ` ${name}`}${options.length === 0 ? '' : ` (${options.join(', ')})`}\n`;
}

/** The facts section of a fixture or a page. */
export function readFacts(json: string | undefined): Facts {
  // Written by the test's author; a wrong shape shows in the golden.
  return json === undefined ? {} : (JSON.parse(json) as Record<string, Answer<unknown>>);
}

/** The policy section of a fixture or a page; `strictOn` without one. */
export function readPolicy(json: string | undefined, rule: string): Policy {
  if (json === undefined) return strictOn(rule);
  const policy = parsePolicy(json, () => undefined);
  assert.ok(policy.ok, policy.ok ? '' : `the policy is malformed: ${JSON.stringify(policy.error)}`);
  return policy.value;
}

/** The default policy, but that a rule which is off by default is on: its fixtures and its page are about it. */
export function strictOn(rule: string): Policy {
  return STRICT.has(rule) ? { rules: { [rule]: 'hint' }, ignore: [] } : { rules: {}, ignore: [] };
}

const STRICT = new Set(rules.filter(({ meta }) => meta.tier === 'strict').map(({ meta }) => meta.id));

/** Each finding as its lines with carets, its message, and its fixes. */
async function renderFindings(analysis: Analysis, facts: Facts): Promise<string> {
  const lines = new LineIndex(analysis.manifest.file.text);
  let output = '';
  for (const finding of analysis.findings) {
    output += `${analysis.manifest.file.path} ${finding.severity}\n`;
    output += carets(lines, finding);
    output += `  ${messageText(finding.message)}\n`;
    for (const related of finding.related) output += `  related ${related.file.path}: ${related.note}\n`;
    for (const fix of finding.fixes) {
      output += `  fix (${fix.safety}${fix.online ? ', online' : ''}): ${fix.title}\n`;
      const outcome = await editsOf(fix, { fetch: factFetch(facts) }, new AbortController().signal);
      if ('failed' in outcome) output += `    fails: ${outcome.failed}\n`;
    }
  }
  return output;
}

function carets(lines: LineIndex, { span }: Finding): string {
  const { start, end } = lines.rangeOf(span);
  let output = '';
  for (let line = start.line; line <= end.line; line++) {
    const text = lines.lineText(line);
    const from = line === start.line ? start.character : 0;
    const to = line === end.line ? end.character : text.length;
    const pad = text.slice(0, from).replace(/[^\t]/g, ' ');
    output += `  ${line + 1} | ${text}\n  ${' '.repeat(String(line + 1).length)} | ${pad}${'^'.repeat(Math.max(1, to - from))}\n`;
  }
  return output;
}

/** The document after the chosen fix of every finding that has it; undefined where there is none. */
export async function fixAll({ manifest, findings }: Analysis, choice: number, facts: Facts): Promise<string | undefined> {
  const edits: Edit[] = [];
  for (const finding of findings) {
    const fix = finding.fixes[choice];
    if (fix === undefined) continue;
    const outcome = await editsOf(fix, { fetch: factFetch(facts) }, new AbortController().signal);
    if (!('failed' in outcome)) for (const edit of outcome) if (!edits.some((other) => sameEdit(other, edit))) edits.push(edit);
  }
  return edits.length === 0 ? undefined : applyEdits(manifest.file.text, edits);
}

function sameEdit(a: Edit, b: Edit): boolean {
  return a.span.start === b.span.start && a.span.end === b.span.end && a.text === b.text;
}
