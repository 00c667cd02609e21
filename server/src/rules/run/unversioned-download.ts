import { sourceSpan } from '../../core/mapped-text.ts';
import type { Rule } from '../../core/rule.ts';
import type { Span } from '../../core/span.ts';
import { downloadOf, isCheck, shownUrl } from '../../formats/download.ts';
import { cloneOf, commitOf, isPush } from '../../formats/git-clone.ts';
import { readOptions } from '../../formats/install-command.ts';
import { isBuildScript } from '../../formats/install-scan.ts';
import { remoteRunsOf } from '../../formats/remote-code.ts';
import { commandSpan, runCommandsOf } from '../../formats/run-commands.ts';
import { type Invocation, keptPerWords } from '../../formats/shell-invocation.ts';
import type { Word } from '../../formats/shell-tree.ts';

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
        what: '`{program}` downloads whatever is newest at {url}.',
        why: 'What is built changes without a change here, and a release that was tampered with is taken in at once.',
        remedy: 'Name a version in the address and compare the file with a checksum.',
      },
      clone: {
        what: '`git clone` takes whatever {url} holds at that moment.',
        why: 'What is built changes without a change here; whoever may push there, or moves a tag, decides it.',
        remedy: 'Check out a commit right after it, by all its forty digits.',
      },
      release: {
        what: '`gh release download` takes the newest release of {url}.',
        why: 'What is built changes without a change here, and a release that was tampered with is taken in at once.',
        remedy: 'Name the tag, and compare the files with a checksum or an attestation.',
      },
    },
  },
  check({ manifest, report }) {
    const commands = runCommandsOf(manifest);
    if (!commands.some(({ invocation }) => FETCHES.has(invocation.name) && newestIn(invocation, NOTHING_LATER) !== undefined)) return;
    const runs = new Set(manifest.scripts.flatMap((script) => remoteRunsOf(script).map(({ downloadedBy }) => placeOf(downloadedBy))));
    // A commit that is checked out further down, and a repository that something is pushed to, are meant to be as they are.
    const settled = commands.findLastIndex(({ invocation }) => commitOf(invocation) || isPush(invocation));
    const checked = commands.findLastIndex(({ invocation }) => isCheck(invocation, false));
    for (const [i, { invocation, script }] of commands.entries()) {
      const found = isBuildScript(script) ? newestIn(invocation, { isSettled: i < settled, isChecked: i < checked }) : undefined;
      // What is run unchecked is told by run/pipe-to-shell.
      if (found === undefined || runs.has(placeOf(commandPlace(invocation)))) continue;
      const args = { program: invocation.name, url: `\`${found.name}\`` };
      report({ messageId: found.messageId, args, span: commandSpan(invocation) });
    }
  },
};

function placeOf({ start, end }: Span): string {
  return `${start} ${end}`;
}

function commandPlace({ command }: Invocation): Span {
  return sourceSpan(command.source, command.start, command.end);
}

const FETCHES = new Set(['curl', 'wget', 'git', 'gh', 'aria2c', 'axel', 'iwr', 'irm', 'invoke-webrequest', 'invoke-restmethod']);

interface Newest {
  readonly messageId: 'latest' | 'clone' | 'release';
  readonly name: string;
}

interface Later {
  readonly isSettled: boolean;
  readonly isChecked: boolean;
}

const NOTHING_LATER: Later = { isSettled: false, isChecked: false };

function newestIn(invocation: Invocation, { isSettled, isChecked }: Later): Newest | undefined {
  switch (invocation.name) {
    case 'git': {
      const url = isSettled ? undefined : cloneOf(invocation);
      return url === undefined ? undefined : { messageId: 'clone', name: shownUrl(url) };
    }
    case 'gh':
      return newestRelease(invocation.words);
    default: {
      const name = isChecked ? undefined : newestFile(invocation);
      return name === undefined ? undefined : { messageId: 'latest', name };
    }
  }
}

/** The address of a download of whatever is newest. */
const newestFile = keptPerWords((invocation): string | undefined => {
  const download = downloadOf(invocation);
  const url = download === undefined || download.trusted ? '' : shownUrl(download.url);
  // An interface that tells which release is newest hands out no release.
  const isNewest = /^[^:]+:\/\/[^/]+\/(?:.*\/)?latest\/./.test(url) && !/^[^:]+:\/\/(?:[^/]*@)?api\.|\/api\//.test(url);
  return isNewest ? url : undefined;
});

/** `gh release download --repo OTHER/REPOSITORY` without a tag. */
function newestRelease([, group, verb, ...rest]: readonly Word[]): Newest | undefined {
  if (group?.value !== 'release' || verb?.value !== 'download') return undefined;
  const { options, operands } = readOptions(rest, { letters: 'pRODA', long: ['pattern', 'repo', 'dir', 'output', 'archive'] });
  const repository = options.findLast(({ name }) => name === 'repo' || name === '-R')?.value;
  return repository === undefined || /[$`]/.test(repository) || operands.length > 0
    ? undefined
    : { messageId: 'release', name: repository };
}
