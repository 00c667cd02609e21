import { plain } from '../core/untrusted.ts';

/** How many names of a path are shown; a longer one is cut in its middle. */
const MAX_NAMES = 6;

/** A path through a lockfile, from who asks first to who asks last, as a message shows it: `` `a` > `b` ``. */
export function shownPath(path: readonly string[]): string {
  const names = path.map((name) => `\`${plain(name)}\``);
  const shown = names.length <= MAX_NAMES ? names : [...names.slice(0, MAX_NAMES / 2), '…', ...names.slice(-MAX_NAMES / 2)];
  return shown.join(' > ');
}
