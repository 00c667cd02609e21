import type { ImageReference } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import { ALLOW, lookalikeDraft } from '../lookalike-finding.ts';
import { replaceImage } from './lookalike-replace.ts';
import { forwardStages, IMAGE_FORMATS } from './verdict.ts';

/** An image, or a registry, whose name looks like a well-known one: a slip pulls what somebody else has put there. */
export const rule: Rule = {
  meta: {
    id: 'image/lookalike',
    title: 'An image or a registry whose name looks like a well-known one',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: IMAGE_FORMATS,
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: ['https://www.usenix.org/conference/usenixsecurity22/presentation/liu-guannan'],
    messages: {
      alike: {
        what: '`{name}` looks like the well-known image `{target}`: {difference}.',
        why: 'Anybody can register a name that is free, and whatever is pushed there is built upon and run.',
        remedy: `Use \`{target}\`; ${ALLOW}`,
      },
      registry: {
        what: 'The registry of `{name}` looks like the well-known `{host}`: {difference}.',
        why: 'Anybody can register a host that is free; it answers every pull with what it likes, and gets the logins that are meant for the real one.',
        remedy: `Use \`{target}\`; ${ALLOW}`,
      },
    },
  },
  check({ manifest, lookalike, report }) {
    const forward = forwardStages(manifest);
    for (const image of manifest.refs) {
      // What a variable makes of it is decided elsewhere; a stage further down is what was meant.
      if (image.ecosystem !== 'oci' || !NAMED.has(image.verdict) || image.variables.length > 0 || forward.has(image)) continue;
      const name = manifest.file.text.slice(image.nameSpan.start, image.nameSpan.end);
      const found = lookalike('oci', name);
      if (found === undefined) continue;
      const hub = /^(?:(?:index\.)?docker\.io\/(?:library\/)?|library\/)/i.exec(name)?.[0] ?? '';
      const draft = lookalikeDraft({ ecosystem: 'oci', name, found, span: image.span }, replaceImage(image, hub + found.target));
      const host = /^[^/]*[.:][^/]*(?=\/)/.exec(found.target)?.[0];
      report(host === undefined ? draft : { ...draft, messageId: 'registry', args: { ...draft.args, host } });
    }
  },
};

/** The verdicts of a reference that names an image of a registry. */
const NAMED: ReadonlySet<ImageReference['verdict']> = new Set(['mutable-tag', 'latest', 'implicit-latest', 'pinned']);
