import type { FetchFact } from '../core/answer.ts';
import { ECOSYSTEMS, type LookalikeJudge } from '../core/lookalike.ts';
import { markdown, plain } from '../core/untrusted.ts';
import { COMPARISON_LIMITS, type Comparison, compareNames } from '../engine/compare-names.ts';
import { markedNames } from '../engine/name-marks.ts';
import { packageKeys } from '../formats/registry-settings.ts';
import type { CompareAnswer, CompareParams } from './protocol.ts';
import type { Workspace } from './workspace.ts';

/** Longer texts are no names, in UTF-16 units. */
const MAX_NAME_UNITS = 300;

/** What a comparison works with. */
export interface CompareContext {
  readonly workspace: Workspace;
  readonly lookalikes: LookalikeJudge;
  readonly fetch: FetchFact;
}

/** A page about a name and the one that it looks like. The user asked for it, so both are looked up where the settings allow it. */
export async function comparePage(
  { textDocument: { uri }, ecosystem, name }: CompareParams,
  { workspace, lookalikes, fetch }: CompareContext,
  signal: AbortSignal,
): Promise<CompareAnswer> {
  if (!ECOSYSTEMS.includes(ecosystem) || typeof name !== 'string' || name.length > MAX_NAME_UNITS) return { failed: 'That is no name.' };
  const found = lookalikes.judge(ecosystem, name) ?? lookalikes.combosquat(ecosystem, name);
  if (found === undefined || found.target === '') {
    return { failed: `${plain(name)} looks like no well-known name of the list of ${lookalikes.date}. That proves nothing about it.` };
  }
  const { root, path } = workspace.placeOf(uri);
  const keys = packageKeys({ uri, path, text: '', version: 0 }, root.project);
  const packageKey = (of: string) => keys.of({ name: of, locked: undefined });
  const comparison = await compareNames({ ecosystem, name, found, listDate: lookalikes.date }, { fetch, packageKey }, signal);
  return { title: `${plain(name, 60)} beside ${plain(found.target, 60)}`, document: comparisonPage(comparison) };
}

/** A comparison as a Markdown document. All of it that is foreign is escaped: nothing in it is markup. */
export function comparisonPage({ names, difference, rows }: Comparison): string {
  const [name, target] = names.map((one) => markdown(one));
  const marks = markedNames(names);
  const longest = Math.max(2, ...marks.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)));
  const fence = '`'.repeat(longest + 1);
  return [
    `# ${name} beside ${target}`,
    '',
    `${name} looks like ${target}: ${difference}.`,
    '',
    `${fence}text`,
    ...marks,
    fence,
    '',
    `| | ${name} | ${target} |`,
    '| --- | --- | --- |',
    ...rows.map(({ label, values }) => `| ${label} | ${values.map((value) => markdown(value)).join(' | ')} |`),
    '',
    COMPARISON_LIMITS,
    '',
  ].join('\n');
}
