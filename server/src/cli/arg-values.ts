import { fail, ok, type Result } from '../core/result.ts';

/** The options that were given, by name. */
export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** An option's text; undefined where it was not given. */
export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** All texts of an option that may be given several times, in their order. */
export function texts(values: Values, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? value : [];
}

/** A member that is there only where it has a value. */
export function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  const entry: Partial<Record<K, string>> = {};
  if (value !== undefined) entry[key] = value;
  return entry;
}

/** One of some words; `fallback` where the option was not given. */
export function oneOf<T extends string>(values: Values, name: string, allowed: readonly T[], fallback: T): Result<T> {
  const value = values[name];
  if (value === undefined) return ok(fallback);
  const found = allowed.find((candidate) => candidate === value);
  return found === undefined ? fail(`--${name} must be one of ${allowed.join(', ')}, not "${String(value)}"`) : ok(found);
}
