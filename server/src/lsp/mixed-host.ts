import type { Host } from './host.ts';

/** A machine whose own files are on the disk, and all others with the client: those of a virtual workspace. */
export function mixedHost(disk: Host, client: Host): Host {
  const hostOf = (file: string): Host => (isUri(file) ? client : disk);
  return {
    network: disk.network,
    ready: () => client.ready(),
    changed: (uris) => client.changed(uris.filter((uri) => disk.fileOf(uri) === undefined)),
    forget: () => client.forget(),
    fileOf: (uri) => disk.fileOf(uri) ?? client.fileOf(uri),
    uriOf: (file) => hostOf(file).uriOf(file),
    looseFolder: (file) => hostOf(file).looseFolder(file),
    pathBelow: (folder, file) => (folder !== '' && isUri(folder) !== isUri(file) ? undefined : hostOf(file).pathBelow(folder, file)),
    fileBelow: (folder, path) => hostOf(folder).fileBelow(folder, path),
    root: (folder, open) => hostOf(folder).root(folder, open),
    release: (folder) => hostOf(folder).release(folder),
    walk: (folder, onUnreadable) => hostOf(folder).walk(folder, onUnreadable),
    readLookalikes: () => disk.readLookalikes(),
    read: (file) => hostOf(file).read(file),
    headText: (file, signal) => hostOf(file).headText(file, signal),
  };
}

/** Paths are absolute, and a drive has one letter. */
function isUri(file: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(file);
}
