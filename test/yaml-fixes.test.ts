import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { applyEdits, editsOf } from '../server/src/engine/edits.ts';
import { formatForPath } from '../server/src/engine/formats.ts';
import { rules } from '../server/src/rules/index.ts';
import { fixtureFiles, strictOn } from './support/fixture.ts';
import { analyseFiles, factFetch, sourceFile } from './support/memory-project.ts';
import { type Change, changesBetween, fits, plainYaml, valueAt } from './support/yaml-diff.ts';

/** Whether a change is what the fixes of a rule say they do. */
type Allowed = (change: Change, documents: { readonly before: unknown; readonly after: unknown }) => boolean;

const STEPS = ['jobs.*.steps.*', 'runs.steps.*'];
const inStep = ({ path }: Change, key: string): boolean => STEPS.some((step) => fits(path, `${step}.${key}`));
const isText = (value: unknown): value is string => typeof value === 'string';

/** An action's name stays, its ref changes. */
const pins: Allowed = (change) => {
  const isUses = inStep(change, 'uses') || fits(change.path, 'jobs.*.uses');
  return isUses && isText(change.before) && isText(change.after);
};

/** An input that is there now, alone or in a new `with`. */
function setsInput(names: readonly string[], values: readonly unknown[]): Allowed {
  return (change) => {
    const isNew = inStep(change, 'with') && change.before === undefined;
    const added = isNew ? Object.entries(change.after as Record<string, unknown>) : [[change.path.at(-1), change.after] as const];
    return (isNew || inStep(change, 'with.*')) && added.every(([name, value]) => names.includes(String(name)) && values.includes(value));
  };
}

/** A script that reads the same expressions, from variables that the step's `env` sets to them. */
const movesToEnv: Allowed = (change, { after }) => {
  if (inStep(change, 'env') || inStep(change, 'env.*')) return change.before === undefined;
  if (!inStep(change, 'run') && !inStep(change, 'with.script')) return false;
  const step = change.path.slice(0, change.path.indexOf('steps') + 2);
  const env = Object.entries({
    ...(valueAt(after, ['env']) as object | undefined),
    ...(valueAt(after, [...change.path.slice(0, 2), 'env']) as object | undefined),
    ...(valueAt(after, [...step, 'env']) as object | undefined),
  });
  const bare = (text: unknown): string => String(text).replace(/["'`\\]/g, '');
  let script = bare(change.after);
  let wanted = bare(change.before);
  for (const [name, value] of env) {
    for (const form of [`\${process.env.${name}}`, `process.env.${name}`, `\${env:${name}}`, `\${${name}}`])
      script = script.replaceAll(form, bare(value));
    wanted = wanted.replaceAll(`\${{ env.${name} }}`, bare(value));
  }
  return script === wanted;
};

/** The permissions that each job has: its own, else the workflow's. */
function effective(document: unknown): unknown {
  const jobs = (valueAt(document, ['jobs']) ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(jobs).map(([id, job]) => [id, valueAt(job, ['permissions']) ?? valueAt(document, ['permissions'])]),
  );
}

const narrows: Allowed = ({ path, before, after }) => {
  const at = path.indexOf('permissions');
  if (at !== 0 && at !== 2) return false;
  const less = ['read', 'none'].includes(String(after)) || JSON.stringify(after) === '{"contents":"read"}';
  return less && (before === 'write' || before === 'write-all');
};

/** By rule; a rule with a fix in these areas must be here. */
const ALLOWED: Readonly<Record<string, Allowed>> = {
  'workflow/write-token-third-party': pins,
  'workflow/permissions-missing': ({ path, before, after }) =>
    fits(path, 'permissions') && before === undefined && JSON.stringify(after) === '{"contents":"read"}',
  'workflow/permissions-broad': (change, documents) =>
    narrows(change, documents) ||
    (fits(change.path, 'jobs.*.permissions') &&
      change.before === undefined &&
      JSON.stringify(effective(documents.before)) === JSON.stringify(effective(documents.after))),
  'workflow/secrets-inherited': ({ path, before, after }) =>
    fits(path, 'jobs.*.secrets') &&
    before === 'inherit' &&
    Object.entries(after as object).every(([name, value]) => value === `\${{ secrets.${name} }}`),
  'workflow/secret-exposed': (change, documents) => {
    if (pins(change, documents)) return true;
    const { path, before, after } = change;
    // What one environment loses, steps get unchanged.
    if (fits(path, 'env') || fits(path, 'jobs.*.env') || fits(path, 'env.*') || fits(path, 'jobs.*.env.*')) return after === undefined;
    const texts = JSON.stringify(documents.before);
    const added = inStep(change, 'env') ? Object.values(after as object) : [after];
    return (
      (inStep(change, 'env') || inStep(change, 'env.*')) &&
      before === undefined &&
      added.every((value) => texts.includes(JSON.stringify(value)))
    );
  },
  'workflow/credentials-persisted': setsInput(['persist-credentials'], [false]),
  'workflow/cache-poisoning': setsInput(['cache', 'enable-cache', 'cache-disabled'], [true, false]),
  'workflow/template-injection': movesToEnv,
  'workflow/literal-credential': ({ path, after }) => path.at(-1) === 'password' && after === `\${{ secrets.REGISTRY_PASSWORD }}`,
  'workflow/bot-condition': ({ path, before, after }) => {
    const who = /github(?:\.actor|\['actor'\]|\.triggering_actor|\.event\.sender\.login|\.event\.pull_request\.user\.login)/gi;
    return path.at(-1) === 'if' && String(before).replace(who, '@') === String(after).replace(who, '@');
  },
  'dependabot/external-code': ({ path, before, after }) =>
    fits(path, 'updates.*.insecure-external-code-execution') && before === 'allow' && after === 'deny',
  'dependabot/cooldown-missing': ({ path, after }) =>
    (fits(path, 'updates.*.cooldown') && JSON.stringify(after) === '{"default-days":7}') ||
    (fits(path, 'updates.*.cooldown.default-days') && after === 7),
  'dependabot/cooldown-invalid': ({ path, before, after }) =>
    fits(path, 'updates.*.cooldown.*') && (before === undefined || after === undefined),
  'dependabot/ecosystem-missing': ({ path, before }) => fits(path, 'updates.*') && before === undefined,
};

const ROOT = 'test/rules';
const AREAS = ['workflow', 'dependabot', 'actions'];

for (const { meta } of rules) {
  const [area = ''] = meta.id.split('/');
  const folder = path.join(ROOT, meta.id);
  if (!AREAS.includes(area) || meta.fix === 'none' || !existsSync(folder)) continue;
  const allowed = ALLOWED[meta.id] ?? (area === 'actions' ? pins : undefined);
  test(`${meta.id}: fixes change what they say and nothing else`, async () => {
    assert.ok(allowed, 'say in ALLOWED what the fixes of this rule change');
    let applied = 0;
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.txt'))) {
      const { files, facts } = fixtureFiles(readFileSync(path.join(folder, name), 'utf8'));
      for (const { manifest, findings } of analyseFiles(files, { facts, policy: strictOn(meta.id) })) {
        const { text, path: file } = manifest.file;
        const before = plainYaml(text);
        for (const fix of findings.filter(({ rule }) => rule === meta.id).flatMap(({ fixes }) => fixes)) {
          const edits = await editsOf(fix, { fetch: factFetch(facts) }, new AbortController().signal);
          if ('failed' in edits) continue;
          const fixed = applyEdits(text, edits);
          const after = plainYaml(fixed);
          const shown = `${name}, "${fix.title}":\n${fixed}`;
          assert.ok(after.errors <= before.errors, `the fixed text has more errors: ${shown}`);
          assert.notEqual(fixed, text, `the fix does nothing: ${shown}`);
          // Our own reader must see no more problems than before either.
          const problems = formatForPath(file)?.parse(sourceFile(file, fixed)).problems.length ?? 0;
          assert.ok(problems <= manifest.problems.length, `our reader stumbles over: ${shown}`);
          applied++;
          if (before.errors > 0) continue;
          const changes = changesBetween(before.value, after.value);
          const isCommentOnly = changes.length === 0 && area === 'actions';
          assert.ok(changes.length > 0 || isCommentOnly, `the data is as before: ${shown}`);
          for (const change of changes) {
            assert.ok(
              allowed(change, { before: before.value, after: after.value }),
              `${JSON.stringify(change)} was not announced: ${shown}`,
            );
          }
        }
      }
    }
    assert.ok(applied > 0, 'no fixture has a fix that can be applied');
  });
}

test('the comparison sees what a wrong edit does', () => {
  const before = plainYaml('a: { b: 1 }\nc: [x]\n').value;
  const after = plainYaml('a: { b: 2, d: 3 }\nc: []\n').value;
  assert.deepEqual(
    changesBetween(before, after).map(({ path }) => path.join('.')),
    ['a.b', 'a.d', 'c.0'],
  );
  assert.ok(plainYaml(`{ a: \${{ x }} }`).errors > 0, 'an expression in braces needs quotes');
});
