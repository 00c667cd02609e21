/** One challenge of a WWW-Authenticate header; scheme and parameter names are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The longest header that is read, in UTF-16 units. */
export const MAX_CHALLENGE_UNITS = 8 * 1024;

/**
 * Reads a WWW-Authenticate header (RFC 9110, 11.6.1): several challenges in one line, quoted strings with commas and
 * escapes. Registries that do not quote their realm are understood too. What cannot be read is skipped.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const text = header.slice(0, MAX_CHALLENGE_UNITS);
  // A parameter, or else a scheme: a word without an equals sign. A lone `=` after a word is base64 padding (token68).
  const piece = /([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",=][^\s,"]*))|([^\s,"=]+)=*/g;
  for (const [, name, quoted, unquoted, word] of text.matchAll(piece)) {
    if (word !== undefined) challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    const parameters = challenges.at(-1)?.parameters;
    if (name === undefined || parameters === undefined || parameters.has(name.toLowerCase())) continue;
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? unquoted ?? '');
  }
  return challenges;
}
