import type { Span } from '../../core/span.ts';
import type { Step } from '../../formats/workflow-steps.ts';
import { askedOnce, commandsOf, type ScriptCommand } from './script-commands.ts';
import { actionOf, inputOf } from './view.ts';

/** A registry with trusted publishing, or anything else that others then use. */
export type Destination = 'npm' | 'pypi' | 'rubygems' | 'crates' | 'nuget' | 'other';

/** A step, or a command of one, that publishes. */
export interface Publication {
  readonly to: Destination;
  /** As it is called: `npm publish`, `pypa/gh-action-pypi-publish`. */
  readonly name: string;
  readonly span: Span;
  readonly step: Step;
  readonly command?: ScriptCommand;
}

/** Actions that publish, whatever their inputs. */
const ACTIONS: Readonly<Record<string, Destination>> = {
  'pypa/gh-action-pypi-publish': 'pypi',
  'js-devtools/npm-publish': 'npm',
  'rubygems/release-gem': 'rubygems',
  'softprops/action-gh-release': 'other',
  'ncipollo/release-action': 'other',
  'svenstaro/upload-release-action': 'other',
  'actions/create-release': 'other',
  'actions/upload-release-asset': 'other',
  'cycjimmy/semantic-release-action': 'npm',
  'haaleo/publish-vscode-extension': 'other',
  'helm/chart-releaser-action': 'other',
};

/** Commands that publish: by program, the operands they begin with. */
const COMMANDS: Readonly<Record<string, readonly [operands: RegExp, to: Destination]>> = {
  ...programs(['npm', 'pnpm', 'yarn', 'bun'], /^(?:publish|npm publish)\b/, 'npm'),
  ...programs(['lerna', 'changeset'], /^publish\b/, 'npm'),
  ...programs(['semantic-release'], /^/, 'npm'),
  ...programs(['twine', 'uv', 'poetry', 'flit', 'hatch', 'pdm', 'maturin'], /^(?:publish|upload)\b/, 'pypi'),
  ...programs(['gem'], /^push\b/, 'rubygems'),
  ...programs(['cargo'], /^publish\b/, 'crates'),
  ...programs(['dotnet', 'nuget'], /^(?:nuget )?push\b/i, 'nuget'),
  ...programs(['docker', 'podman', 'helm', 'crane', 'skopeo'], /^(?:push|copy)\b/, 'other'),
  ...programs(['gh'], /^release (?:create|upload)\b/, 'other'),
  ...programs(['goreleaser'], /^release\b/, 'other'),
  ...programs(['vsce', 'ovsx'], /^publish\b/, 'other'),
  ...programs(['mvn', 'mvnw'], /(?:^|\s)deploy\b/, 'other'),
  ...programs(['gradle', 'gradlew'], /(?:^|[\s:])publish/, 'other'),
};

function programs(
  names: readonly string[],
  operands: RegExp,
  to: Destination,
): Record<string, readonly [operands: RegExp, to: Destination]> {
  return Object.fromEntries(names.map((name) => [name, [operands, to] as const]));
}

const known = new WeakMap<Step, readonly Publication[]>();

/** What a step publishes; found once per step. A trial run publishes nothing. */
export function publicationsOf(step: Step): readonly Publication[] {
  const kept = known.get(step);
  if (kept !== undefined) return kept;
  const found = find(step);
  known.set(step, found);
  return found;
}

function find(step: Step): Publication[] {
  if (step.run !== undefined) {
    if (!doesPublish(step.run)) return [];
    return commandsOf(step.run).flatMap((command) => {
      const entry = publishing(command);
      if (entry === undefined) return [];
      const name = [command.name, ...command.operands.slice(0, command.name === 'dotnet' ? 2 : 1)].join(' ');
      return [{ to: entry[1], name, span: command.span, step, command }];
    });
  }
  const to = actionDestination(step);
  return to === undefined || step.uses === undefined ? [] : [{ to, name: actionOf(step), span: step.uses.valueSpan, step }];
}

const doesPublish = askedOnce((commands) => commands.some((command) => publishing(command) !== undefined));

function publishing(command: ScriptCommand): (typeof COMMANDS)[string] | undefined {
  const entry = Object.hasOwn(COMMANDS, command.name) ? COMMANDS[command.name] : undefined;
  return entry === undefined || !entry[0].test(command.operands.join(' ')) || isTrial(command) ? undefined : entry;
}

function isTrial({ name, words }: ScriptCommand): boolean {
  return words.some(({ value }) => /^(?:--dry-run(?:=true)?|--snapshot|-d)$/.test(value) || (value === '-n' && name === 'cargo'));
}

function actionDestination(step: Step): Destination | undefined {
  const action = actionOf(step);
  if (Object.hasOwn(ACTIONS, action)) return ACTIONS[action];
  if (action === 'docker/build-push-action' || action === 'redhat-actions/push-to-registry') {
    const push = inputOf(step, 'push')?.text.trim();
    return action.startsWith('redhat') || (push !== undefined && push !== 'false') ? 'other' : undefined;
  }
  if (action === 'changesets/action') return inputOf(step, 'publish') === undefined ? undefined : 'npm';
  if (action !== 'goreleaser/goreleaser-action') return undefined;
  const args = inputOf(step, 'args')?.text ?? '';
  return /\brelease\b/.test(args) && !/--snapshot|--skip[= ]\S*publish/.test(args) ? 'other' : undefined;
}
