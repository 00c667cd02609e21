import type { Rule } from '../../core/rule.ts';
import { asScalar, scalarOf, type YamlScalar } from '../../formats/yaml-document.ts';
import { type Destination, type Publication, publicationsOf } from './publish.ts';
import { secretsIn } from './secrets.ts';
import { actionOf, inputOf, type JobView, type StepView, type View, viewOf } from './view.ts';

/** A stored token that publishes until somebody revokes it, where the registry would take the workflow's own identity. */
export const rule: Rule = {
  meta: {
    id: 'workflow/long-lived-publish-token',
    title: 'A stored token where trusted publishing exists',
    severity: 'info',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://docs.npmjs.com/trusted-publishers',
      'https://docs.pypi.org/trusted-publishers/',
      'https://guides.rubygems.org/trusted-publishing/',
      'https://crates.io/docs/trusted-publishing',
      'https://learn.microsoft.com/en-us/nuget/nuget-org/trusted-publishing',
    ],
    messages: {
      token: {
        what: '`{name}` publishes to {registry} with the stored token `{secret}`.',
        why: 'Whoever gets hold of the token can publish until it is revoked; the identity of a workflow run cannot be taken along.',
        remedy: 'Set up trusted publishing for the package, grant `id-token: write` to this job, and delete the secret.',
      },
      provenance: {
        what: '`{name}` publishes with the stored token `{secret}` and without provenance.',
        why: 'Whoever gets hold of the token can publish until it is revoked, and nobody can see that such a version was not built here.',
        remedy:
          'Set up trusted publishing, which adds provenance by itself; until then, publish with `--provenance` and `id-token: write`.',
      },
    },
  },
  check({ manifest, report }) {
    const view = viewOf(manifest);
    const reported = new Set<YamlScalar>();
    for (const job of view.jobs) {
      for (const at of job.steps) {
        for (const publication of publicationsOf(at.step)) {
          const { to, name } = publication;
          if (to === 'other' || goesElsewhere(publication, job)) continue;
          for (const scalar of tokensOf(publication, at)) {
            const [use] = secretsIn(scalar, view);
            if (use === undefined || use.name === '*' || reported.has(scalar)) continue;
            reported.add(scalar);
            const isBare = to === 'npm' && !hasProvenance(publication, at, view);
            const args = { name, registry: REGISTRIES[to], secret: `secrets.${use.name}` };
            report({ messageId: isBare ? 'provenance' : 'token', args, span: use.expression.span });
          }
        }
      }
    }
  },
};

const REGISTRIES = { npm: 'npm', pypi: 'PyPI', rubygems: 'RubyGems', crates: 'crates.io', nuget: 'NuGet' } as const;

/** The variables and inputs that hold the token. */
const TOKENS: Readonly<Record<Exclude<Destination, 'other'>, RegExp>> = {
  npm: /^(?:NODE_AUTH_TOKEN|(?:.+_)?NPM_(?:AUTH_)?TOKEN|NPM_CONFIG_.*TOKEN|YARN_NPM_AUTH_TOKEN|token)$/i,
  pypi: /^(?:TWINE_PASSWORD|UV_PUBLISH_(?:TOKEN|PASSWORD)|POETRY_PYPI_TOKEN_.*|FLIT_PASSWORD|HATCH_INDEX_AUTH|MATURIN_(?:PYPI_TOKEN|PASSWORD)|PDM_PUBLISH_PASSWORD|PYPI_.*TOKEN|password)$/i,
  rubygems: /^(?:GEM_HOST_API_KEY|RUBYGEMS_(?:API_KEY|AUTH_TOKEN))$/i,
  crates: /^(?:CARGO_REGISTRY_TOKEN|CRATES_(?:IO_)?TOKEN)$/i,
  nuget: /^NUGET_(?:API_)?(?:KEY|TOKEN|AUTH_TOKEN)$/i,
};

/** The values that hold the token of a publication: of the environment, of the action's inputs, of the command itself. */
function tokensOf({ to, step, command }: Publication, { env }: StepView): YamlScalar[] {
  if (to === 'other') return [];
  const entries = [...env.flat(), ...(command === undefined ? step.with : [])];
  const named = entries.flatMap(({ key, value }) => (TOKENS[to].test(key) ? (asScalar(value) ?? []) : []));
  const script = command?.words.some(({ value }) => /\$\{\{[^}]*secrets/i.test(value)) ? scalarOf(step.node, 'run') : undefined;
  return script === undefined ? named : [...named, script];
}

/** Whether another registry is meant, as far as the job says. */
function goesElsewhere({ to, step, command }: Publication, { steps }: JobView): boolean {
  const words = command?.words.map(({ value }) => value).join(' ') ?? '';
  if (to === 'npm') {
    const address = /--registry[= ](\S+)/.exec(words)?.[1] ?? (command === undefined ? inputOf(step, 'registry')?.text : undefined);
    const setups = steps.filter(({ step: { with: inputs } }) => inputs.some(({ key }) => key === 'registry-url'));
    const before = setups.filter(({ step: setup }) => setup.node.span.start < step.node.span.start).at(-1);
    const configured = address ?? (before && inputOf(before.step, 'registry-url')?.text);
    return configured !== undefined && !/\bnpmjs\b/i.test(configured);
  }
  if (to === 'pypi')
    return (
      inputOf(step, 'repository-url') !== undefined || /--(?:repository(?:-url)?|publish-url|index(?:-url)?)\b|(?:^|\s)-r\s/.test(words)
    );
  if (to === 'nuget') return /(?:--source|-s|-Source)[= ](?!\S*\bnuget\.org\b)\S/i.test(words);
  return /--(?:registry|index|host)\b/.test(words) || (to === 'rubygems' && actionOf(step) !== '');
}

function hasProvenance({ command, step }: Publication, { env }: StepView, { manifest }: View): boolean {
  if (command?.words.some(({ value }) => value === '--provenance' || value === '--provenance=true')) return true;
  if (inputOf(step, 'provenance')?.text === 'true') return true;
  if (env.flat().some(({ key, value }) => /^NPM_CONFIG_PROVENANCE$/i.test(key) && asScalar(value)?.text === 'true')) return true;
  // `publishConfig` or an .npmrc may ask for it; a script that writes one says so.
  return /\bprovenance\s*=\s*true\b/.test(manifest.file.text) || command === undefined || command.name !== 'npm';
}
