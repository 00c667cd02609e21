import type { Fix } from '../../core/finding.ts';
import type { Manifest } from '../../core/manifest.ts';
import { type MappedText, mappedSlice, sourceSpan } from '../../core/mapped-text.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { asDockerfile } from '../../formats/dockerfile.ts';
import { commandText, runCommandsOf } from '../../formats/run-commands.ts';
import type { Invocation } from '../../formats/shell-invocation.ts';
import type { Word } from '../../formats/shell-tree.ts';
import { type WordChange, wordEdits } from '../../formats/word-edits.ts';

/** System packages whose signature nobody looks at: a mirror, or anybody on the way, decides what is in the image. */
export const rule: Rule = {
  meta: {
    id: 'docker/unsigned-packages',
    title: 'System packages that are installed without a look at their signature',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '7.5',
    refs: ['https://manpages.debian.org/bookworm/apt/apt-secure.8.en.html', 'https://justi.cz/security/2019/01/22/apt-rce.html'],
    messages: {
      option: {
        what: '`{command}` installs packages that nobody signed, because of `{text}`.',
        why: 'Mirrors are reached over open connections and rely on signatures; without them whoever answers decides what runs as root.',
        remedy: 'Remove it, and add the key of the repository instead.',
      },
      source: {
        what: '`{text}` makes every package of this source count as signed.',
        why: 'Mirrors are reached over open connections and rely on signatures; without them whoever answers decides what runs as root.',
        remedy: 'Remove it, and name the key of the repository (`signed-by=`, `gpgkey=`).',
      },
    },
  },
  check(context) {
    for (const { invocation } of runCommandsOf(context.manifest)) reportOptions(context, invocation);
    if (!/trusted|gpgcheck/i.test(context.manifest.file.text)) return;
    for (const text of textsOf(context.manifest)) reportSources(context, text);
  },
};

const APT = /^(?:--allow-unauthenticated|--force-yes)$/;
const APT_SETTING =
  /^(?:-o)?(?:APT::Get::AllowUnauthenticated|Acquire::AllowInsecureRepositories|Acquire::AllowDowngradeToInsecureRepositories)=(?:true|1|yes)$/i;
const YUM = /^--no-?gpg-?checks?$/;
const FLAGS: Readonly<Record<string, RegExp>> = {
  apt: APT,
  'apt-get': APT,
  aptitude: /^--allow-untrusted$/,
  apk: /^--allow-untrusted$/,
  yum: YUM,
  dnf: YUM,
  dnf5: YUM,
  microdnf: YUM,
  tdnf: YUM,
  zypper: YUM,
  rpm: /^--(?:nosignature|nodigest)$/,
};

function reportOptions({ manifest, report }: RuleContext, invocation: Invocation): void {
  const { name, words, command } = invocation;
  const flags = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (flags === undefined) return;
  for (const [i, word] of words.entries()) {
    const before = words[i - 1];
    const isSetting = flags === APT && APT_SETTING.test(word.value) && (word.value.startsWith('-o') || before?.value === '-o');
    if (!flags.test(word.value) && !isSetting) continue;
    const gone: WordChange[] = isSetting && before?.value === '-o' ? [{ word: before, text: '' }] : [];
    // The old option also answered every question.
    const text = word.value === '--force-yes' && !words.some(answersYes) ? '--yes' : '';
    const edits = wordEdits([...gone, { word, text }], command.source, manifest.file.text);
    const title = `${text === '' ? 'Remove' : 'Replace'} \`${word.value}\` (check that all packages are signed by a key that is known)`;
    const fixes: Fix[] = edits === undefined ? [] : [{ title, safety: 'review', online: false, edits }];
    const span = sourceSpan(command.source, word.start, word.end);
    report({ messageId: 'option', args: { command: commandText(invocation), text: word.value }, span, fixes });
  }
}

function answersYes({ value }: Word): boolean {
  return /^(?:-[a-z]*y[a-z]*|--yes|--assume-yes)$/.test(value);
}

/** What may write a list of sources: RUN, COPY and ADD, with their here-documents. */
function textsOf(manifest: Manifest): MappedText[] {
  const { instructions = [] } = asDockerfile(manifest) ?? {};
  return instructions
    .filter(({ keyword }) => keyword === 'RUN' || keyword === 'COPY' || keyword === 'ADD')
    .flatMap(({ args, heredocs }) => [args, ...heredocs.map(({ body }) => mappedSlice(manifest.file.text, body.start, body.end))]);
}

/** `[trusted=yes]` of a source that is not of this machine, `gpgcheck=0` that is not what `sed` looks for. */
const SOURCE =
  /\btrusted=yes\b(?![^\]\n]{0,100}\][ \t]+(?:file|copy|cdrom):)|(?<![\w-]|s[/|#])gpgcheck ?= ?(?:0|no|false)\b|^Trusted: yes\b/gim;

function reportSources({ report }: RuleContext, text: MappedText): void {
  for (const match of text.text.matchAll(SOURCE)) {
    const span = sourceSpan(text, match.index, match.index + match[0].length);
    report({ messageId: 'source', args: { text: match[0] }, span });
  }
}
