/** What the key of a package says of it. */
export interface PackageKey {
  readonly name: string;
  /** What stands behind the name, without peers: `1.2.3`, or `file:x.tgz`, or an address. */
  readonly reference: string;
}

/** A key or a reference without the peers in its parentheses (pnpm's dependency-path, "removeSuffix"). */
export function withoutPeers(path: string): string {
  if (!path.endsWith(')')) return path;
  let open = 0;
  let at = path.length - 1;
  for (; at >= 0; at--) {
    if (path[at] === ')') open++;
    else if (path[at] === '(') open--;
    else if (open === 0) break;
  }
  return open === 0 ? path.slice(0, at + 1) : path;
}

/**
 * The name and the reference in a package's key (pnpm's dependency-path, "parse"): `name@1.2.3` since version 9,
 * `/name@1.2.3` in version 6, `/name/1.2.3_peers` in version 5. Where a registry's or a repository's host comes first
 * (versions 5 and 6), the name is what stands before the version; the package then says its name itself.
 */
export function readPackageKey(key: string, major: number): PackageKey {
  const path = withoutPeers(key).replace(/^\//, '');
  if (major < 6) {
    const match = /^(?:.*?\/)??((?:@[^/]+\/)?[^/]+)\/([^/_]+)(?:_[^/]*)?$/.exec(path);
    return match === null ? { name: path, reference: '' } : { name: match[1] ?? '', reference: match[2] ?? '' };
  }
  const at = path.indexOf('@', 1);
  return at < 0 ? { name: path, reference: '' } : { name: path.slice(0, at), reference: path.slice(at + 1) };
}

/**
 * The keys under which what an importer's `version` refers to may stand (pnpm's dependency-path, "refToRelative"): the
 * reference itself where it is another package's, else the name and the reference in the layouts of all versions.
 */
export function keysOf(name: string, reference: string): string[] {
  const bare = withoutPeers(reference);
  return [`${name}@${bare}`, `/${name}@${reference}`, `/${name}/${reference}`, bare, reference];
}
