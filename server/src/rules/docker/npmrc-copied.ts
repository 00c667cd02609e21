import { sourceSpan } from '../../core/mapped-text.ts';
import type { Rule, RuleContext, Surroundings } from '../../core/rule.ts';
import { baseName, joinPath } from '../../core/source-file.ts';
import { asDockerfile, type Dockerfile } from '../../formats/dockerfile.ts';
import { copiedSourcesOf } from '../../formats/dockerfile-copy.ts';
import { contextsOf } from '../../formats/dockerignore.ts';
import { asNpmrc } from '../../formats/npmrc.ts';
import { byScript, commandSpan, type RunCommand, runCommandsOf } from '../../formats/run-commands.ts';

const WHY = 'What is in a layer can be read by everybody who can pull the image, also when a later layer removes it.';

/** A file with a token that becomes part of a layer: whoever can pull the image has the token. */
export const rule: Rule = {
  meta: {
    id: 'docker/npmrc-copied',
    title: 'A file with tokens that is copied or written into a layer',
    severity: 'error',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: [
      'https://docs.docker.com/build/building/secrets/',
      'https://arxiv.org/abs/2307.03958',
      'https://docs.npmjs.com/docker-and-private-modules',
    ],
    messages: {
      copied: {
        what: '{keyword} puts `{file}`, a file for tokens, into a layer.',
        why: WHY,
        remedy: 'Mount it where it is needed: `RUN --mount=type=secret,id=token,target=...`; and revoke a token that was in an image.',
      },
      written: {
        what: 'This command writes a token into a layer, in `{file}`.',
        why: WHY,
        remedy:
          'Mount the file (`RUN --mount=type=secret`) instead, or remove it in the same RUN; and revoke a token that was in an image.',
      },
    },
  },
  check(context) {
    const dockerfile = asDockerfile(context.manifest);
    if (dockerfile === undefined) return;
    const shipped = shippedFrom(dockerfile);
    const severityAt = (offset: number) => (shipped(offset) ? 'error' : 'warning');
    for (const { text, span, isLast, keyword } of copiedSourcesOf(dockerfile)) {
      if (isLast || !isTokenFile(text) || !mayHoldToken(text, context)) continue;
      context.report({ messageId: 'copied', args: { keyword, file: text }, span, severity: severityAt(span.start) });
    }
    if (!/auth|_password|netrc|pypirc|credentials|config\.json|id_/i.test(context.manifest.file.text)) return;
    for (const commands of byScript(runCommandsOf(context.manifest)).values()) {
      const gone = removals(commands);
      for (const [i, command] of commands.entries()) {
        const file = writtenBy(command);
        if (file === undefined || i < Math.max(gone.get(baseName(file)) ?? -1, gone.get('') ?? -1)) continue;
        const { source, end } = command.invocation.command;
        const { start } = commandSpan(command.invocation);
        // The text of the command may be the token itself.
        const span = { start, end: sourceSpan(source, end - 1, end).end };
        context.report({ messageId: 'written', args: { file }, span, severity: severityAt(start), identity: `written ${file}` });
      }
    }
  },
};

/** Whether what stands at an offset is in the image that is made at the end; a stage that only lends files is not. */
function shippedFrom({ stages, instructions }: Dockerfile): (offset: number) => boolean {
  const chain = new Set<number>();
  for (let at: number | undefined = stages.length - 1; at !== undefined && at >= 0 && !chain.has(at); at = stages[at]?.base) chain.add(at);
  const starts = stages.map(({ instruction }) => instructions[instruction]?.span.start ?? 0);
  return (offset) => chain.has(starts.findLastIndex((start) => start <= offset));
}

/** Files that exist to hold credentials, and the settings of npm, which often do. */
function isTokenFile(path: string): boolean {
  return /(?:^|\/)(?:\.npmrc|\.netrc|_netrc|\.pypirc|\.git-credentials|\.docker\/config\.json|\.aws\/credentials|id_(?:rsa|ed25519|ecdsa|dsa)|\.dockercfg)$/.test(
    path,
  );
}

/** A file that is here and has nothing secret in it is no token file, nor is one that only names a variable. */
function mayHoldToken(text: string, { manifest, surroundings }: RuleContext): boolean {
  if (baseName(text) !== '.npmrc') return true;
  const npmrc = npmrcOf(text, manifest.file.path, surroundings);
  return npmrc === undefined || npmrc.entries.some(({ credential }) => credential !== undefined);
}

function npmrcOf(text: string, path: string, surroundings: Surroundings) {
  for (const context of contextsOf(path)) {
    const found = surroundings.manifest(joinPath(context, text) ?? '');
    if (found !== undefined) return asNpmrc(found);
  }
  return undefined;
}

const SETS_TOKEN = /(?:^|:)(?:_authToken|_auth|_password)$|^(?:npmAuthToken|npmAuthIdent)$/;
const TOKEN_TEXT = /:_(?:authToken|auth|password)\s*=|\bmachine\s+\S+\s+login\s|\bpassword\s*[=:]|https?:\/\/[^\s/:@]+:[^\s/@]+@/;

/** The file of tokens that a command writes; undefined where it writes none. */
function writtenBy({ invocation }: RunCommand): string | undefined {
  const { name, words, command } = invocation;
  const values = words.map(({ value }) => value);
  // `'${NPM_TOKEN}'` writes the variable's name, not what it holds.
  if (words.every(({ dynamic }) => !dynamic) && /\$\{\w+\}/.test(values.join(' '))) return undefined;
  if (/^(?:npm|pnpm|yarn)$/.test(name)) {
    const at = values.indexOf('set', 1);
    const key = at < 0 || at > 2 ? '' : (values.slice(at + 1).find((value) => !value.startsWith('-')) ?? '');
    const [setting = ''] = key.split('=', 1);
    return SETS_TOKEN.test(setting) ? (name === 'yarn' ? '.yarnrc.yml' : '.npmrc') : undefined;
  }
  if (name !== 'echo' && name !== 'printf' && name !== 'cat' && name !== 'tee') return undefined;
  const output = command.redirections.find(({ operator }) => /^(?:>>?|>\||&>>?)$/.test(operator));
  const file = output?.target?.value ?? (name === 'tee' ? values[1] : undefined);
  if (file === undefined || !isTokenFile(file)) return undefined;
  const document = command.redirections.find(({ hereDocument }) => hereDocument !== undefined)?.hereDocument;
  const text = document === undefined ? values.slice(1).join(' ') : command.source.text.slice(document.start, document.end);
  return baseName(file) === '.npmrc' && !TOKEN_TEXT.test(text) ? undefined : file;
}

/** Which command of a RUN was the last to take a file away again, by the file's name; by `''` the settings of a manager. */
function removals(commands: readonly RunCommand[]): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const [i, { invocation }] of commands.entries()) {
    const values = invocation.words.map(({ value }) => value);
    if (/^(?:rm|unlink|shred)$/.test(invocation.name)) for (const value of values) last.set(baseName(value), i);
    if (/^(?:npm|pnpm)$/.test(invocation.name) && values.some((value) => /^(?:delete|rm|logout)$/.test(value))) last.set('', i);
  }
  return last;
}
