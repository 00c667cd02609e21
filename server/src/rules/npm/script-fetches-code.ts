import type { Rule } from '../../core/rule.ts';
import { shownUrl } from '../../formats/download.ts';
import { type HiddenWork, hiddenWorkOf } from '../../formats/lifecycle-code.ts';

/** A script that runs by itself with every install, and that fetches, unpacks or sends what its text does not show. */
export const rule: Rule = {
  meta: {
    id: 'npm/script-fetches-code',
    title: 'An install script that fetches, decodes or sends something',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '7.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/using-npm/scripts#life-cycle-scripts',
      'https://www.cisa.gov/news-events/alerts/2025/09/23/widespread-supply-chain-compromise-impacting-npm-ecosystem',
      'https://cwe.mitre.org/data/definitions/494.html',
    ],
    messages: {
      download: {
        what: 'The `{script}` script downloads `{url}` with every install.',
        why: 'What comes from there is in no lockfile and has no hash, and can be another thing for every machine and every day.',
        remedy:
          'Put the file into the package or into a dependency, or check its hash in a script of the repository that is run on purpose.',
      },
      decode: {
        what: 'The `{script}` script decodes text with `{program}` and runs it.',
        why: 'What runs with every install is hidden from every reader and reviewer, which is how malware does it.',
        remedy: 'Put the code in a file of the repository, where it can be read.',
      },
      evaluate: {
        what: 'The `{script}` script hands `{program}` a program that reaches out or unpacks other code.',
        why: 'What it fetches or unpacks runs with every install, is in no lockfile, and is what hijacked packages do first.',
        remedy: 'Put the code in a file of the repository, and what it fetches into a dependency.',
      },
      send: {
        what: 'The `{script}` script hands {what} to `{program}`.',
        why: 'With every install the secrets of whoever installs leave the machine.',
        remedy: 'Remove it, and replace the secrets that may have left.',
      },
    },
  },
  check({ manifest, report }) {
    for (const script of manifest.scripts) {
      const name = script.name ?? '';
      if (script.place !== 'package-script' || !RUNS_BY_ITSELF.has(name)) continue;
      for (const work of hiddenWorkOf(script)) report({ messageId: work.kind, args: { script: name, ...argsOf(work) }, span: work.span });
    }
  },
};

/** The scripts of a project or a package that an install runs unasked (npm documentation, "scripts"). */
const RUNS_BY_ITSELF: ReadonlySet<string> = new Set([
  'preinstall',
  'install',
  'postinstall',
  'prepublish',
  'preprepare',
  'prepare',
  'postprepare',
  'dependencies',
]);

function argsOf(work: HiddenWork): Record<string, string> {
  switch (work.kind) {
    case 'download':
      return { url: shownUrl(work.download.url) };
    case 'decode':
      return { program: work.decoder };
    case 'evaluate':
      return { program: work.program };
    case 'send':
      return { program: work.program, what: work.what.startsWith('a ') ? work.what : `\`${work.what}\`` };
  }
}
