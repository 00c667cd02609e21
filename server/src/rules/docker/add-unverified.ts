import type { MappedText } from '../../core/mapped-text.ts';
import type { Rule } from '../../core/rule.ts';
import { type Span, span } from '../../core/span.ts';
import { asDockerfile } from '../../formats/dockerfile.ts';
import { type Instruction, mappedPart } from '../../formats/dockerfile-lexer.ts';
import { Variables } from '../../formats/dockerfile-variables.ts';
import { splitWords, withoutQuotes } from '../../formats/dockerfile-words.ts';

/** A file from the network that nothing holds to a content: whoever controls its address decides what is in the image. */
export const rule: Rule = {
  meta: {
    id: 'docker/add-unverified',
    title: 'A file that ADD downloads without a checksum',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '6.5',
    refs: [
      'https://docs.docker.com/reference/dockerfile/#add---checksum',
      'https://slsa.dev/spec/v1.1/threats',
      'https://cwe.mitre.org/data/definitions/494.html',
    ],
    messages: {
      found: {
        what: 'ADD downloads `{file}` from `{host}` without a checksum.',
        why: 'Whoever controls the address decides at each build what gets into the image.',
        remedy: 'Add `--checksum=sha256:...` with the digest of the file that you reviewed.',
      },
    },
  },
  check({ manifest, report }) {
    const dockerfile = asDockerfile(manifest);
    if (dockerfile === undefined) return;
    const variables = new Variables(dockerfile.escape);
    for (const instruction of dockerfile.instructions) {
      variables.read(instruction);
      if (instruction.keyword !== 'ADD' || instruction.flags.some(({ name, value }) => name === 'checksum' && value?.text)) continue;
      for (const { source, place } of sourcesOf(instruction)) {
        // The scheme is often known where the rest of an address is not: `https://host/$VERSION.tgz`.
        const address = variables.expand(source.text) ?? source.text.replace(/^["']/, '');
        const parts = DOWNLOAD.exec(address);
        if (parts === null || isGit(address)) continue;
        const [, host = '', path = ''] = parts;
        const file = path.slice(path.lastIndexOf('/') + 1).replace(/["']$/, '');
        report({ messageId: 'found', args: { host, file: file === '' ? '/' : file }, span: place, identity: `${host}${path}` });
      }
    }
  },
};

/** What BuildKit downloads: the schemes have no other case. A password or token in the address is not told. */
const DOWNLOAD = /^https?:\/\/(?:[^/@]*@)?([^/?#]*)([^?#]*)/;

/** Whether BuildKit clones an address of http instead of downloading it (`gitutil.ParseGitRef`). */
function isGit(address: string): boolean {
  return /^[^?#]*\.git(?:[?#]|$)/.test(address);
}

interface Source {
  /** With its quotes: they say what is a variable. */
  readonly source: MappedText;
  readonly place: Span;
}

/** The words of an ADD but the last, which is where they go. */
function sourcesOf({ args, json, heredocs }: Instruction): Source[] {
  if (json !== undefined) {
    return json.slice(0, -1).map((source) => ({ source, place: span(source.offsets[0] ?? source.end, source.end) }));
  }
  const documents = new Set(heredocs.map(({ word }) => word.start));
  return splitWords(args.text)
    .slice(0, -1)
    .filter(({ start }) => !documents.has(start))
    .map((word) => {
      const inner = withoutQuotes(args.text, word);
      const { offsets, end } = mappedPart(args, inner.start, inner.end);
      return { source: mappedPart(args, word.start, word.end), place: span(offsets[0] ?? end, end) };
    });
}
