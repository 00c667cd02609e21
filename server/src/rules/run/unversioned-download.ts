import type { Rule } from '../../core/rule.ts';
import { downloadOf, isCheck, shownUrl } from '../../formats/download.ts';
import { cloneOf, commitOf, isPush } from '../../formats/git-clone.ts';
import { isBuildScript } from '../../formats/install-scan.ts';
import { remoteRunsOf } from '../../formats/remote-code.ts';
import { byScript, commandSpan, commandText, type RunCommand, runCommandsOf } from '../../formats/run-commands.ts';

/** Something from outside that is whatever is newest: what was tested yesterday is not what is built today. */
export const rule: Rule = {
  meta: {
    id: 'run/unversioned-download',
    title: 'A download or clone of whatever is newest',
    severity: 'info',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['dockerfile', 'workflow', 'action', 'package-json'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: ['https://slsa.dev/spec/v1.1/threats', 'https://git-scm.com/docs/git-clone#Documentation/git-clone.txt---revisionrev'],
    messages: {
      latest: {
        what: '`{command}` downloads whatever is newest at {url}.',
        why: 'What is built changes without a change here, and a release that was tampered with is taken in at once.',
        remedy: 'Name a version in the address and compare the file with a checksum.',
      },
      clone: {
        what: '`{command}` takes whatever {url} holds at that moment.',
        why: 'What is built changes without a change here; whoever may push there, or moves a tag, decides it.',
        remedy: 'Check out a commit by its forty digits behind it.',
      },
      release: {
        what: '`{command}` takes the newest release of {url}.',
        why: 'What is built changes without a change here, and a release that was tampered with is taken in at once.',
        remedy: 'Name the tag, and compare the files with a checksum or an attestation.',
      },
    },
  },
  check({ manifest, report }) {
    for (const [script, commands] of byScript(runCommandsOf(manifest))) {
      if (!isBuildScript(script) || !commands.some(({ invocation }) => FETCHES.has(invocation.name))) continue;
      const run = remoteRunsOf(script).map(({ span, downloadSpan }) => downloadSpan ?? span);
      for (const [i, { invocation }] of commands.entries()) {
        const found = newestIn(invocation.name, commands, i);
        const span = commandSpan(invocation);
        // What is run unchecked is told by run/pipe-to-shell.
        if (found === undefined || run.some((place) => place.start <= span.start && span.end <= place.end)) continue;
        report({ messageId: found.messageId, args: { command: commandText(invocation), url: `\`${found.name}\`` }, span });
      }
    }
  },
};

const FETCHES = new Set(['curl', 'wget', 'git', 'gh', 'aria2c', 'axel', 'iwr', 'irm', 'invoke-webrequest', 'invoke-restmethod']);

interface Newest {
  readonly messageId: 'latest' | 'clone' | 'release';
  readonly name: string;
}

function newestIn(name: string, commands: readonly RunCommand[], at: number): Newest | undefined {
  const { invocation } = commands[at] ?? {};
  const later = commands.slice(at + 1);
  if (invocation === undefined) return undefined;
  if (name === 'git') {
    const url = cloneOf(invocation);
    // A commit that is checked out behind it, and a repository that something is pushed to, are meant to be as they are.
    if (url === undefined || later.some((one) => commitOf(one.invocation) || isPush(one.invocation))) return undefined;
    return { messageId: 'clone', name: shownUrl(url) };
  }
  if (name === 'gh') {
    const words = invocation.words.map(({ value }) => value);
    if (words[1] !== 'release' || words[2] !== 'download') return undefined;
    const flag = words.findIndex((word) => word === '-R' || word === '--repo');
    const repository = flag < 0 ? words.find((word) => word.startsWith('--repo='))?.slice('--repo='.length) : words[flag + 1];
    const tag = words
      .slice(3)
      .find((word, i) => !word.startsWith('-') && !/^(?:-[pORDA]|--(?:pattern|repo|dir|output|archive))$/.test(words[i + 2] ?? ''));
    return repository === undefined || /[$`]/.test(repository) || tag !== undefined
      ? undefined
      : { messageId: 'release', name: repository };
  }
  const download = downloadOf(invocation);
  const url = download === undefined || download.trusted ? '' : shownUrl(download.url);
  // An interface that tells which release is newest hands out no release.
  if (!/^[^:]+:\/\/[^/]+\/(?:.*\/)?latest\/./.test(url) || /^[^:]+:\/\/(?:[^/]*@)?api\.|\/api\//.test(url)) return undefined;
  if (later.some((one) => isCheck(one.invocation, false))) return undefined;
  return { messageId: 'latest', name: url };
}
