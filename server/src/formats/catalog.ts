import type { Manifest } from '../core/manifest.ts';
import type { Span } from '../core/span.ts';
import { type JsonNode, memberOf, membersOf, stringContent } from './json.ts';
import { asPackageJson } from './package-json.ts';
import { settingsOf } from './settings-of.ts';

/** A requirement that a catalog holds for the packages that ask for `catalog:`. Spans are without quotes. */
export interface CatalogEntry {
  /** `default` for the one without a name. */
  readonly catalog: string;
  readonly name: string;
  readonly spec: string;
  readonly nameSpan: Span;
  readonly specSpan: Span;
}

/**
 * The entries of the catalogs in a pnpm-workspace.yaml, a .yarnrc.yml or a package.json, in document order (pnpm documentation,
 * "Catalogs"; Yarn documentation, "catalogs"; Bun documentation, "Catalogs": at the top or in `workspaces`).
 */
export function catalogEntries(manifest: Manifest): CatalogEntry[] {
  const root = asPackageJson(manifest)?.root;
  if (root !== undefined) return [root, memberOf(root, 'workspaces')].flatMap(jsonCatalogs);
  return (settingsOf(manifest)?.settings ?? []).flatMap(({ path, keySpan, value }): CatalogEntry[] => {
    const [catalog, name] = catalogPath(path);
    if (catalog === undefined || name === undefined || value?.kind !== 'text') return [];
    return [{ catalog, name, spec: value.text, nameSpan: keySpan, specSpan: value.span }];
  });
}

function catalogPath([first, second, third, ...rest]: readonly string[]): readonly [
  catalog?: string | undefined,
  name?: string | undefined,
] {
  if (first === 'catalog' && third === undefined) return ['default', second];
  return first === 'catalogs' && rest.length === 0 && third !== undefined ? [second, third] : [];
}

function jsonCatalogs(node: JsonNode | undefined): CatalogEntry[] {
  if (node?.type !== 'object') return [];
  return [
    ...jsonCatalog('default', memberOf(node, 'catalog')),
    ...membersOf(memberOf(node, 'catalogs')).flatMap(({ key, value }) => jsonCatalog(key.value, value)),
  ];
}

function jsonCatalog(catalog: string, node: JsonNode | undefined): CatalogEntry[] {
  return membersOf(node).flatMap(({ key, value }): CatalogEntry[] => {
    if (value.type !== 'string' || !value.whole || !key.whole) return [];
    return [{ catalog, name: key.value, spec: value.value, nameSpan: stringContent(key), specSpan: stringContent(value) }];
  });
}
