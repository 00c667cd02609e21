import type { Asked } from './asked-origin.ts';

/** What a policy requires of some packages: provenance that is proven, and is what else stands here. */
export interface ProvenanceDemand extends Asked {
  /** A `PACKAGE_PATTERN`. */
  readonly match: string;
  readonly reason?: string;
}

/** All that a policy requires, by `match`. */
export type ProvenanceDemands = ReadonlyMap<string, ProvenanceDemand>;

/** A package by its own name, and the name that it is installed under where an alias made that another one. */
export interface NamedPackage {
  readonly name: string;
  readonly alias?: string | undefined;
}

/**
 * What is required of a package: by its name, else by its scope, else of all packages; the nearest entry alone counts. What an alias
 * passes off as another package is held to what is required of that one, unless its own name is as near.
 */
export function demandFor(demands: ProvenanceDemands, { name, alias = name }: NamedPackage): ProvenanceDemand | undefined {
  return demands.get(name) ?? demands.get(alias) ?? demands.get(scopeOf(name)) ?? demands.get(scopeOf(alias)) ?? demands.get('*');
}

/** `@scope/*` of `@scope/name`; empty for a name without a scope. */
function scopeOf(name: string): string {
  return name.startsWith('@') ? `${name.slice(0, name.indexOf('/') + 1)}*` : '';
}
