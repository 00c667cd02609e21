import type { Draft, Fix, Message } from '../core/finding.ts';
import type { LookalikeName } from '../core/lookalike.ts';
import { lookalikeSeverity } from '../core/lookalike-severity.ts';
import type { Span } from '../core/span.ts';
import { plain } from '../core/untrusted.ts';
import { lookalikeWords } from './lookalike-words.ts';

/** How to keep a name that was meant, as the end of a remedy. */
export const ALLOW = 'if `{name}` is the one you mean, silence this finding with the reason.';

/** The messages of the rules about packages, whatever registry they are of. */
export const PACKAGE_MESSAGES: Readonly<Record<'alike' | 'malicious' | 'removed', Message>> = {
  alike: {
    what: '`{name}` looks like `{target}`: {difference}.',
    why: '`{target}` {use}, and `{name}` is not in the list of established packages; names like this are registered for those who mistype, and run their code when they are installed.',
    remedy: `Use \`{target}\`; ${ALLOW}`,
  },
  malicious: {
    what: '`{name}` is the name of removed malware, and looks like `{target}`.',
    why: 'It was published to be installed instead of `{target}`, which {use}; a cache or a mirror may still have it, and whoever gets the name back reaches everybody who asks for it.',
    remedy: 'Use `{target}`, and look for what was installed already.',
  },
  removed: {
    what: '`{name}` is the name of removed malware.',
    why: 'A cache or a mirror may still have it, and whoever gets the name back reaches everybody who asks for it.',
    remedy: 'Remove it, and look for what was installed already.',
  },
};

/** Where a name stands, and what it looks like. */
export interface FoundName extends LookalikeName {
  readonly span: Span;
}

/** A finding about a name. Its fingerprint goes by the name, which stays when a line moves. */
export function lookalikeDraft({ ecosystem, name, found, span }: FoundName, fixes: readonly Fix[]): Draft {
  const { messageId, args } = lookalikeWords(ecosystem, name, found);
  const severity = lookalikeSeverity(found.confidence);
  return { messageId, args, span, severity, identity: name, fixes, lookalike: { ecosystem, name, found } };
}

/** Puts the name that was meant in the place of one that stands by itself; `check` says what to look at. */
export function replaceName(span: Span, target: string, check: string): Fix[] {
  if (target === '') return [];
  return [
    {
      title: `Replace it by ${plain(target)} (${check})`,
      safety: 'review',
      purpose: 'replace',
      online: false,
      edits: [{ span, text: target }],
    },
  ];
}
