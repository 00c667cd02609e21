import type { Fix } from '../../core/finding.ts';
import type { Rule, RuleContext, Surroundings } from '../../core/rule.ts';
import { foldersUp, joinPath } from '../../core/source-file.ts';
import { findOption, type InstallCommand, installCommandOf } from '../../formats/install-command.ts';
import { isBuildScript } from '../../formats/install-scan.ts';
import { yarnGeneration } from '../../formats/lockfile-place.ts';
import { asNpmrc } from '../../formats/npmrc.ts';
import { asPackageJson } from '../../formats/package-json.ts';
import { commandSpan, commandText, runCommandsOf } from '../../formats/run-commands.ts';
import { foldersAt } from '../../formats/shell-folder.ts';
import { wordEdits } from '../../formats/word-edits.ts';

/** An install that runs the scripts of its packages: the first thing that a hijacked release does. */
export const rule: Rule = {
  meta: {
    id: 'run/install-scripts',
    title: 'An install that runs the scripts of its packages',
    severity: 'hint',
    confidence: 'high',
    tier: 'strict',
    formats: ['dockerfile', 'workflow', 'action', 'package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/using-npm/config#ignore-scripts',
      'https://www.cisa.gov/news-events/alerts/2025/09/23/widespread-supply-chain-compromise-impacting-npm-ecosystem',
    ],
    messages: {
      found: {
        what: '`{command}` runs the install scripts of all its packages.',
        why: 'A hijacked release starts in such a script, with the tokens of this build at hand and before anything was tested.',
        remedy: 'Add `{option}`, and run by name the few scripts that are needed.',
      },
    },
  },
  check(context) {
    for (const { invocation, script, folders: current } of runCommandsOf(context.manifest)) {
      const command = isBuildScript(script) ? installCommandOf(invocation) : undefined;
      if (command === undefined || !installs(command)) continue;
      const where = { script, path: context.manifest.file.path };
      const folders = command.folder === undefined ? current : foldersAt(current, command.folder, where);
      const option = optionFor(command, folders, context.surroundings);
      if (option !== undefined) report(context, command, option);
    }
  },
};

function report({ manifest, report: tell }: RuleContext, command: InstallCommand, option: string): void {
  const { invocation, subcommand, program } = command;
  const edits = wordEdits(
    [{ word: subcommand ?? program, text: ` ${option}`, behind: true }],
    invocation.command.source,
    manifest.file.text,
  );
  const title = `Add \`${option}\` (check that no package needs its script)`;
  const fixes: Fix[] = edits === undefined ? [] : [{ title, safety: 'review', online: false, edits }];
  tell({ messageId: 'found', args: { command: commandText(invocation), option }, span: commandSpan(invocation), fixes });
}

/** Whether it installs into the project; a lockfile alone is written without running anything. */
function installs({ manager, kind, options }: InstallCommand): boolean {
  return (
    manager !== 'uv' &&
    manager !== 'bun' &&
    (kind !== 'other' || options.some(({ name }) => name === '-g' || name === 'global')) &&
    !options.some(({ name }) => /^(?:package-lock-only|lockfile-only|dry-run|help|version)$/.test(name))
  );
}

/** The option that keeps the scripts from running; undefined where they do not run anyway. */
function optionFor(command: InstallCommand, folders: readonly string[], surroundings: Surroundings): string | undefined {
  const { manager, invocation } = command;
  if (findOption(command, 'ignore-scripts')?.off === false || findOption(command, 'mode')?.value === 'skip-build') return undefined;
  const isSet = invocation.assignments.some(({ value }) =>
    /^(?:npm_config_ignore_scripts=(?:true|1)|yarn_enable_scripts=(?:false|0))$/i.test(value),
  );
  if (isSet || isOff(folders, surroundings)) return undefined;
  if (manager === 'yarn') return yarnGeneration(surroundings, folders) === 'berry' ? '--mode=skip-build' : '--ignore-scripts';
  // Since pnpm 10 only what is allowed runs; without a version in sight it is taken for a recent one.
  if (manager === 'pnpm') return (pnpmMajor(folders, surroundings) ?? 10) < 10 ? '--ignore-scripts' : undefined;
  return '--ignore-scripts';
}

function isOff(folders: readonly string[], surroundings: Surroundings): boolean {
  return folders.some((folder) => {
    const npmrc = surroundings.manifest(joinPath(folder, '.npmrc') ?? '');
    return npmrc !== undefined && asNpmrc(npmrc)?.entries.findLast(({ name }) => name === 'ignore-scripts')?.value?.text === 'true';
  });
}

function pnpmMajor(folders: readonly string[], surroundings: Surroundings): number | undefined {
  const majors = folders.flatMap(foldersUp).flatMap((folder) => {
    const manifest = surroundings.manifest(joinPath(folder, 'package.json') ?? '');
    const major = /^pnpm@(\d+)/.exec((manifest && asPackageJson(manifest)?.packageManager) ?? '')?.[1];
    return major === undefined ? [] : [Number(major)];
  });
  return majors[0];
}
