import path from 'node:path';
import { plain } from '../core/untrusted.ts';
import { readTextFile } from '../disk/files.ts';
import { checkRuleName } from '../engine/rule-names.ts';
import { DEFAULT_POLICY, type Policy } from '../policy/policy.ts';
import { parsePolicy } from '../policy/policy-file.ts';
import type { Io } from './io.ts';

/** The longest mistake that is shown, in UTF-16 units: it may name an expression and what it should be. */
const MAX_MISTAKE_UNITS = 1500;

/** The policy that `--policy` names, or the default one. Undefined, and said on standard error, where it cannot be used. */
export function readPolicy(name: string | undefined, io: Io): Policy | undefined {
  if (name === undefined) return DEFAULT_POLICY;
  const shown = plain(name);
  const text = readTextFile(path.resolve(io.cwd, name));
  if (!text.ok) {
    io.stderr.write(`waybill: cannot read the policy ${shown}: ${plain(text.error.reason)}\n`);
    return undefined;
  }
  const policy = parsePolicy(text.value, checkRuleName);
  if (policy.ok) return policy.value;
  for (const { line, column, message } of policy.error)
    io.stderr.write(`${shown}:${line}:${column}: ${plain(message, MAX_MISTAKE_UNITS)}\n`);
  io.stderr.write(`waybill: the policy ${shown} is not used because of ${policy.error.length === 1 ? 'this error' : 'these errors'}\n`);
  return undefined;
}
