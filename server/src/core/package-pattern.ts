/** Names of packages in an option or a policy: one (`lodash`, `@acme/x`), those of a scope (`@acme/*`), or all (`*`). */
export const PACKAGE_PATTERN = /^(?:@[^@/\s*]+\/)?(?:[^@/\s*]+|\*)$/;

/** Whether a name is one of those that a `PACKAGE_PATTERN` means. */
export function isMeant(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
