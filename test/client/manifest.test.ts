import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { NEW_POLICY_FILE } from '../../server/src/lsp/allow-name.ts';
import {
  ALLOW_NAME_COMMAND,
  COMPARE_NAMES_COMMAND,
  DISABLE_RULE,
  EXPLAIN_RULE,
  SHOW_LOCKFILE_CHANGE,
} from '../../server/src/lsp/protocol.ts';

interface Step {
  readonly description: string;
  readonly media: { readonly markdown: string };
  readonly completionEvents: readonly string[];
}
interface Contributes {
  readonly commands: readonly { readonly command: string }[];
  readonly menus: { readonly commandPalette: readonly { readonly command: string }[] };
  readonly walkthroughs: readonly { readonly steps: readonly Step[] }[];
  readonly jsonValidation: readonly { readonly fileMatch: string; readonly url: string }[];
  readonly languages: readonly { readonly id: string; readonly filenames: readonly string[] }[];
}

const { contributes }: { contributes: Contributes } = JSON.parse(readFileSync('package.json', 'utf8'));
const declared = contributes.commands.map(({ command }) => command);
const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);

test('every command of package.json is registered, and no other one', () => {
  const text = readFileSync('client/src/commands/index.ts', 'utf8')
    .replaceAll('(ALLOW_NAME_COMMAND,', `('${ALLOW_NAME_COMMAND}',`)
    .replaceAll('(COMPARE_NAMES_COMMAND,', `('${COMPARE_NAMES_COMMAND}',`)
    .replaceAll('(EXPLAIN_RULE,', `('${EXPLAIN_RULE}',`)
    .replaceAll('(DISABLE_RULE,', `('${DISABLE_RULE}',`)
    .replaceAll('(SHOW_LOCKFILE_CHANGE,', `('${SHOW_LOCKFILE_CHANGE}',`);
  const registered = [...text.matchAll(/registerCommand\('([\w.]+)'/g)].map(([, command]) => command);
  assert.deepEqual(registered.sort(), declared.toSorted());
});

test('menus and the walkthrough name only commands that exist', () => {
  const named = [
    ...contributes.menus.commandPalette.map(({ command }) => command),
    ...steps.flatMap(({ description, completionEvents }) => [
      ...[...description.matchAll(/\(command:([\w.]+)\)/g)].map(([, command]) => command ?? ''),
      ...completionEvents.map((event) => event.replace(/^onCommand:/, '')),
    ]),
  ];
  assert.ok(named.length >= 2 * steps.length);
  const ours = named.filter((command) => command.startsWith('waybill.'));
  assert.deepEqual(
    ours.filter((command) => !declared.includes(command)),
    [],
  );
});

test('every page of the walkthrough is there and used', () => {
  const pages = steps.map(({ media }) => media.markdown);
  for (const page of pages) assert.ok(existsSync(page), page);
  assert.deepEqual(
    readdirSync('walkthrough')
      .map((name) => `walkthrough/${name}`)
      .sort(),
    pages.toSorted(),
  );
});

test('the policy file that Waybill makes is completed and checked by its schema, comments allowed', () => {
  const [validation] = contributes.jsonValidation;
  assert.equal(validation?.fileMatch, NEW_POLICY_FILE);
  assert.equal(JSON.parse(readFileSync(validation.url, 'utf8')).title, 'Waybill policy');
  assert.ok(contributes.languages.some(({ id, filenames }) => id === 'jsonc' && filenames.includes(NEW_POLICY_FILE)));
});
