import type { Fix, Severity } from '../../core/finding.ts';
import type { Rule, RuleContext, Surroundings } from '../../core/rule.ts';
import { baseName } from '../../core/source-file.ts';
import { editsFor, frozenForm } from '../../formats/frozen-install.ts';
import { type BareInstall, bareInstallsOf } from '../../formats/install-scan.ts';
import { LOCKFILES, lockInStep } from '../../formats/lockfile-place.ts';
import { commandSpan, commandText } from '../../formats/run-commands.ts';

/** An install that may go past the lockfile: a build takes in versions that nobody reviewed, and stays green. */
export const rule: Rule = {
  meta: {
    id: 'run/lockfile-ignored',
    title: 'An install in CI or an image build that does not hold to the lockfile',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile', 'workflow', 'action', 'package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '5.5',
    refs: [
      'https://docs.npmjs.com/cli/v11/commands/npm-ci',
      'https://yarnpkg.com/cli/install',
      'https://pnpm.io/cli/install',
      'https://bun.com/docs/pm/cli/install',
      'https://docs.astral.sh/uv/concepts/projects/sync/',
    ],
    messages: {
      loose: {
        what: '`{command}` does not hold this build to `{lockfile}`.',
        why: 'Where the lockfile and the manifest disagree it resolves anew, so the build takes in versions that nobody reviewed and stays green.',
        remedy: 'Use {better}, which installs what the lockfile records or fails.',
      },
      off: {
        what: '`{command}` sets the lockfile aside with `{option}`.',
        why: 'Every build may then take in what was published a minute before, a malicious release included.',
        remedy: 'Use {better}, which installs what the lockfile records or fails.',
      },
      missing: {
        what: '`{command}` runs without a lockfile: no `{lockfile}` is known where it runs.',
        why: 'Every build resolves anew, so it takes in what was published a minute before, a malicious release included.',
        remedy: 'Commit the lockfile and use {better}.',
      },
    },
  },
  check(context) {
    const isDrifted = driftOnce(context.surroundings);
    for (const install of bareInstallsOf(context.manifest, context.surroundings)) {
      const { command, use, lockfile } = install;
      const option = typeof use === 'object' ? use.off : undefined;
      const known = lockfile?.path ?? LOCKFILES[command.manager].at(-1) ?? '';
      const severity: { severity?: Severity } = lockfile === undefined ? { severity: 'info' } : {};
      context.report({
        messageId: option !== undefined ? 'off' : lockfile === undefined ? 'missing' : 'loose',
        args: {
          command: commandText(command.invocation),
          lockfile: known,
          option: option?.words.map(({ value }) => value).join(' ') ?? '',
          better: betterName(install),
        },
        span: commandSpan(command.invocation),
        ...severity,
        fixes: fixesFor(install, context, isDrifted),
      });
    }
  },
};

/** What to use instead; where it is not known which Yarn runs, both of its spellings. */
function betterName({ command, yarn }: BareInstall): string {
  const name = `\`${frozenForm(command, yarn ?? 'berry').name}\``;
  return command.manager === 'yarn' && yarn === undefined ? `${name} (Yarn 1: \`--frozen-lockfile\`)` : name;
}

/** Whether a lockfile, by its path, does not record what the manifest beside it asks for. */
type IsDrifted = (lockfile: string) => boolean;

/** Compares each lockfile once for a document, however many of its commands install from it. */
function driftOnce(surroundings: Surroundings): IsDrifted {
  const compared = new Map<string, boolean>();
  return (lockfile) => {
    const known = compared.get(lockfile) ?? lockInStep(surroundings, lockfile) === 'drifted';
    compared.set(lockfile, known);
    return known;
  };
}

/** One fix; two where it is not known which Yarn reads the option; none where the install is the fallback of a frozen one. */
function fixesFor(install: BareInstall, context: RuleContext, isDrifted: IsDrifted): Fix[] {
  const { command, yarn } = install;
  if (install.isFallback) return [];
  const doubt = doubtOf(install, isDrifted);
  const generations = yarn !== undefined || command.manager !== 'yarn' ? [yarn ?? 'berry'] : (['berry', 'classic'] as const);
  return generations.flatMap((generation): Fix[] => {
    const form = frozenForm(command, generation);
    const edits = editsFor(form, command, context.manifest.file.text);
    if (edits === undefined) return [];
    if (doubt === undefined && generations.length === 1) return [{ title: `Use \`${form.name}\``, safety: 'safe', online: false, edits }];
    const version = generation === 'berry' ? 'the project uses Yarn 2 or later' : 'the project uses Yarn 1';
    const check = [...(generations.length > 1 ? [version] : []), ...(doubt === undefined ? [] : [doubt])].join(', and that ');
    return [{ title: `Use \`${form.name}\`; check that ${check}`, safety: 'review', online: false, edits }];
  });
}

/** What has to be checked before the frozen form can take the install's place; undefined where all is known. */
function doubtOf({ command, use, lockfile, isBrought }: BareInstall, isDrifted: IsDrifted): string | undefined {
  if (lockfile === undefined) return `a ${LOCKFILES[command.manager].at(-1) ?? 'lockfile'} is committed`;
  const name = baseName(lockfile.path);
  if (typeof use === 'object') return `nothing relies on \`${use.off.words[0]?.value ?? ''}\``;
  if (isDrifted(lockfile.path)) return `${name} is mended first`;
  if (!lockfile.here) return `${lockfile.path} is the lockfile of the folder this runs in`;
  if (!isBrought) return `${name} is copied into the image before this`;
  return undefined;
}
