/** Longer texts are not remembered: hardly any is, and each would be kept alive. In UTF-16 units. */
const MAX_KEY_UNITS = 256;

/**
 * A pure function of a text that remembers its last answers, at most about `limit` of them: a key in an editor changes one
 * of many texts, and what the others mean is known from the key before.
 */
export function remember<T>(compute: (text: string) => T, limit: number): (text: string) => T {
  const answerTo = rememberAs<T>(limit);
  return (text) => answerTo(text, () => compute(text));
}

/** The same for an answer that follows from several things: whoever asks puts all of them into the text that it is kept under. */
export function rememberAs<T>(limit: number): (text: string, compute: () => T) => T {
  let recent = new Map<string, T>();
  let older: ReadonlyMap<string, T> = new Map();
  return (text, compute) => {
    if (text.length > MAX_KEY_UNITS) return compute();
    const known = recent.get(text);
    if (known !== undefined || recent.has(text)) return known as T; // Present, so it is a T, undefined included.
    const answer = older.has(text) ? (older.get(text) as T) : compute();
    if (recent.size >= limit / 2) {
      older = recent;
      recent = new Map();
    }
    recent.set(text, answer);
    return answer;
  };
}

/** The same for a function of anything, of which `textOf` gives all that the answer depends on. */
export function rememberBy<K, T>(textOf: (key: K) => string, compute: (key: K) => T, limit: number): (key: K) => T {
  const answerTo = rememberAs<T>(limit);
  return (key) => answerTo(textOf(key), () => compute(key));
}
