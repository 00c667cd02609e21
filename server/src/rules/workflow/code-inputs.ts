import type { Step } from '../../formats/workflow-steps.ts';
import type { YamlScalar } from '../../formats/yaml-document.ts';
import { actionOf, inputOf } from './view.ts';

/** Inputs of well-known actions that are run as code (their action.yml; CodeQL, models of `code-injection` sinks). */
const CODE_INPUTS: Readonly<Record<string, readonly string[]>> = {
  'actions/github-script': ['script'],
  'amadevus/pwsh-script': ['script'],
  'appleboy/ssh-action': ['script'],
  'azure/cli': ['inlineScript'],
  'azure/powershell': ['inlineScript'],
  'jannekem/run-python-script-action': ['script'],
  'nick-fields/retry': ['command', 'on_retry_command'],
  'reactivecircus/android-emulator-runner': ['script'],
  'cardinalby/js-eval-action': ['expression'],
};

/** The inputs of a step that its action runs as code. */
export function codeInputs(step: Step): readonly YamlScalar[] {
  const action = actionOf(step);
  const names = Object.hasOwn(CODE_INPUTS, action) ? CODE_INPUTS[action] : undefined;
  return names?.flatMap((name) => inputOf(step, name.toLowerCase()) ?? []) ?? [];
}
