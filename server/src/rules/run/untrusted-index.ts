import type { Edit, Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { shownUrl } from '../../formats/download.ts';
import { isLoopback } from '../../formats/https-hosts.ts';
import { httpsEdits, plainHost } from '../../formats/insecure-option.ts';
import { installCommandOf, type Option } from '../../formats/install-command.ts';
import { isBuildScript } from '../../formats/install-scan.ts';
import { type PipCommand, pipCommandOf } from '../../formats/pip-command.ts';
import { commandSpan, commandText, runCommandsOf } from '../../formats/run-commands.ts';
import type { Invocation } from '../../formats/shell-invocation.ts';
import { valueSpan, wordEdits } from '../../formats/word-edits.ts';

/** Another index beside the own one, or one that anybody on the way can be: who answers first decides what is installed. */
export const rule: Rule = {
  meta: {
    id: 'run/untrusted-index',
    title: 'Packages from an index that others can answer for',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile', 'workflow', 'action', 'package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '7.0',
    refs: [
      'https://pytorch.org/blog/compromised-nightly-dependency/',
      'https://docs.astral.sh/uv/concepts/indexes/#searching-across-multiple-indexes',
    ],
    messages: {
      extra: {
        what: '`{command}` looks for every package in two indexes: `{index}` and the default one.',
        why: 'The higher version wins, so whoever publishes one of your private names in the public index is installed instead of you.',
        remedy: 'Use one index (`--index-url`) that serves both, or an installer that ties packages to indexes.',
      },
      trusted: {
        what: '`{command}` trusts whoever answers as `{index}`.',
        why: 'Neither the certificate nor the encryption is asked for, so anybody on the way can hand out other packages.',
        remedy: 'Remove `--trusted-host` and give the index a valid certificate.',
      },
      plain: {
        what: '`{command}` takes packages from `{index}` over an unprotected connection.',
        why: 'Anybody on the way can put other packages in their place.',
        remedy: 'Use https.',
      },
    },
  },
  check({ manifest, report }) {
    for (const { invocation, script } of runCommandsOf(manifest)) {
      if (!isBuildScript(script)) continue;
      const pip = pipCommandOf(invocation);
      const uses = pip === undefined ? registryUses(invocation) : pipUses(invocation, pip, manifest.file.text);
      for (const { messageId, index, title, edits } of uses) {
        const fixes: Fix[] = edits === undefined ? [] : [{ title, safety: 'review', online: false, edits }];
        report({ messageId, args: { command: commandText(invocation), index: shownUrl(index) }, span: commandSpan(invocation), fixes });
      }
    }
  },
};

interface Use {
  readonly messageId: 'extra' | 'trusted' | 'plain';
  readonly index: string;
  readonly title: string;
  readonly edits: readonly Edit[] | undefined;
}

function pipUses(invocation: Invocation, { tool, subcommand, options }: PipCommand, document: string): Use[] {
  if (!/^(?:install|download|wheel|sync|compile)$/.test(subcommand.value)) return [];
  const { source } = invocation.command;
  const hasIndex = options.some(({ name }) => /^(?:-i|index-url|default-index)$/.test(name));
  // uv takes a name from the first index that has it, unless told otherwise.
  const isMixed = tool === 'pip' || options.some(({ name, value }) => name === 'index-strategy' && value?.startsWith('unsafe'));
  return options.flatMap((option): Use[] => {
    const { name, value = '', words } = option;
    const [word] = words;
    if (name === 'extra-index-url' && isMixed && word !== undefined) {
      const place = hasIndex ? undefined : valueSpan(source, word, 0, '--extra-index-url'.length);
      const edits = place && [{ span: place, text: '--index-url' }];
      return [{ messageId: 'extra', index: value, title: 'Use `--index-url` (check that this index serves all packages)', edits }];
    }
    const isTrusted = name === 'trusted-host' || name === 'allow-insecure-host';
    if (!isTrusted || isLoopback(value.replace(/:\d+$/, '').toLowerCase())) return [];
    const edits = wordEdits(
      words.map((one) => ({ word: one, text: '' })),
      source,
      document,
    );
    return [{ messageId: 'trusted', index: value, title: `Remove \`--${name}\` (check that the index has a valid certificate)`, edits }];
  });
}

function registryUses(invocation: Invocation): Use[] {
  const command = installCommandOf(invocation);
  return (command?.options ?? []).flatMap((option: Option): Use[] => {
    if (option.name !== 'registry' || plainHost(option.value ?? '') === undefined) return [];
    const edits = httpsEdits(invocation, option);
    return [{ messageId: 'plain', index: option.value ?? '', title: 'Use https (check that the registry serves it)', edits }];
  });
}
