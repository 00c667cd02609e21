/** A package-lock.json of version 3; an entry is at version 1.0.0 unless it says otherwise. */
export function packageLock(entries: Readonly<Record<string, object>>): string {
  const packages = Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [`node_modules/${name}`, { version: '1.0.0', ...entry }]),
  );
  return JSON.stringify({ name: 'app', lockfileVersion: 3, packages: { '': { name: 'app' }, ...packages } }, undefined, 2);
}
