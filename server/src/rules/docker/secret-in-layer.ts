import type { Rule } from '../../core/rule.ts';
import { asDockerfile } from '../../formats/dockerfile.ts';
import { assignmentsOf, secretReason } from '../../formats/dockerfile-variables.ts';

const REMEDY = 'Hand it to the commands that need it with `RUN --mount=type=secret`, and revoke it if an image was built with it.';

/** A secret that is part of the image: whoever can pull the image can read it, also when a later layer removes it. */
export const rule: Rule = {
  meta: {
    id: 'docker/secret-in-layer',
    title: 'A secret in a build argument or in the image’s environment',
    severity: 'error',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: [
      'https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/',
      'https://docs.docker.com/build/building/secrets/',
      'https://arxiv.org/abs/2307.03958',
      'https://cwe.mitre.org/data/definitions/538.html',
    ],
    messages: {
      argument: {
        what: 'The build argument `{name}` carries a secret.',
        why: 'The values of build arguments stand in the history of the image and in the provenance of the build, for everybody who can pull the image.',
        remedy: REMEDY,
      },
      environment: {
        what: 'The variable `{name}` carries a secret.',
        why: 'The environment is part of the image’s configuration, for everybody who can pull the image.',
        remedy: `${REMEDY} What the running container needs comes from whoever starts it.`,
      },
      takenOver: {
        what: '`{name}` gets its value from the secret `{variable}`.',
        why: 'Its value becomes part of the image’s configuration or history, for everybody who can pull the image.',
        remedy: REMEDY,
      },
      literal: {
        what: 'The value of `{name}` is a token or holds a password.',
        why: 'Everybody who can read this file, its history or the image has it.',
        remedy: 'Revoke it, and hand a new one to the commands that need it with `RUN --mount=type=secret`.',
      },
    },
  },
  check({ manifest, report }) {
    const dockerfile = asDockerfile(manifest);
    for (const instruction of dockerfile?.instructions ?? []) {
      const { keyword } = instruction;
      for (const assignment of assignmentsOf(instruction, dockerfile?.escape ?? '\\')) {
        const found = secretReason(keyword, assignment, dockerfile?.escape ?? '\\');
        if (found === undefined) continue;
        const { name, nameSpan, valueSpan } = assignment;
        const byName = keyword === 'ARG' ? 'argument' : 'environment';
        report({
          messageId: found.reason === 'value' ? 'literal' : found.reason === 'variable' ? 'takenOver' : byName,
          args: { name, variable: found.variable ?? '' },
          span: valueSpan === undefined || valueSpan.start === valueSpan.end ? nameSpan : valueSpan,
          // The text of the value must not be guessed from a fingerprint either.
          identity: `${keyword} ${name}`,
        });
      }
    }
  },
};
