import type { Span } from '../../core/span.ts';
import type { Step } from '../../formats/workflow-steps.ts';
import { commandsOf, type ScriptCommand } from './script-commands.ts';
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

/** Commands that publish: the program, and the operands it begins with. */
const COMMANDS: readonly (readonly [name: RegExp, operands: RegExp, to: Destination])[] = [
  [/^(?:npm|pnpm|yarn|bun)$/, /^(?:publish|npm publish)\b/, 'npm'],
  [/^(?:lerna|changeset)$/, /^publish\b/, 'npm'],
  [/^semantic-release$/, /^/, 'npm'],
  [/^twine$/, /^upload\b/, 'pypi'],
  [/^(?:uv|poetry|flit|hatch|pdm|maturin)$/, /^(?:publish|upload)\b/, 'pypi'],
  [/^gem$/, /^push\b/, 'rubygems'],
  [/^cargo$/, /^publish\b/, 'crates'],
  [/^dotnet$/, /^nuget push\b/, 'nuget'],
  [/^nuget$/, /^push\b/i, 'nuget'],
  [/^(?:docker|podman|helm|crane|skopeo)$/, /^(?:push|copy)\b/, 'other'],
  [/^gh$/, /^release (?:create|upload)\b/, 'other'],
  [/^goreleaser$/, /^release\b/, 'other'],
  [/^(?:vsce|ovsx)$/, /^publish\b/, 'other'],
  [/^(?:mvn|mvnw)$/, /(?:^|\s)deploy\b/, 'other'],
  [/^gradlew?$/, /(?:^|[\s:])publish/, 'other'],
];

/** What a step publishes. A trial run publishes nothing. */
export function publicationsOf(step: Step): Publication[] {
  if (step.run !== undefined) {
    return commandsOf(step.run).flatMap((command) => {
      const operands = command.operands.join(' ');
      const entry = COMMANDS.find(([name, wanted]) => name.test(command.name) && wanted.test(operands));
      const isTrial = command.words.some(
        ({ value }) => /^(?:--dry-run(?:=true)?|-n|--snapshot|-d)$/.test(value) && !(value === '-n' && command.name !== 'cargo'),
      );
      if (entry === undefined || isTrial) return [];
      return [
        {
          to: entry[2],
          name: [command.name, ...command.operands.slice(0, command.name === 'dotnet' ? 2 : 1)].join(' '),
          span: command.span,
          step,
          command,
        },
      ];
    });
  }
  const to = actionDestination(step);
  return to === undefined || step.uses === undefined ? [] : [{ to, name: actionOf(step), span: step.uses.valueSpan, step }];
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
