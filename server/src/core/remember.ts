/** Longer texts are not remembered: hardly any is, and each would be kept alive. In UTF-16 units. */
const MAX_KEY_UNITS = 256;

/**
 * A pure function of a text that remembers its last answers, at most about `limit` of them: a key in an editor changes one
 * of many texts, and what the others mean is known from the key before.
 */
export function remember<T>(compute: (text: string) => T, limit: number): (text: string) => T {
  return rememberBy((text) => text, compute, limit);
}

/** The same for a function of anything, of which `textOf` gives all that the answer depends on. */
export function rememberBy<K, T>(textOf: (key: K) => string, compute: (key: K) => T, limit: number): (key: K) => T {
  let recent = new Map<string, T>();
  let older: ReadonlyMap<string, T> = new Map();
  return (key) => {
    const text = textOf(key);
    if (text.length > MAX_KEY_UNITS) return compute(key);
    if (recent.has(text)) return recent.get(text) as T; // Present, so it is a T, undefined included.
    const answer = older.has(text) ? (older.get(text) as T) : compute(key);
    if (recent.size >= limit / 2) {
      older = recent;
      recent = new Map();
    }
    recent.set(text, answer);
    return answer;
  };
}
