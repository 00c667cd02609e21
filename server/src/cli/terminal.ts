import { styleText } from 'node:util';

/** How to paint words on one stream; every function gives its text unchanged where colours are off. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly green: (text: string) => string;
}

type Style = Parameters<typeof styleText>[0];

/** Colours for a stream: only on a terminal, and never with NO_COLOR (no-color.org) or on a dumb terminal. */
export function paintFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  const on = stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return paint(on);
}

/** Colours on or off. */
export function paint(on: boolean): Paint {
  const style = (format: Style) => (text: string) => {
    if (!on) return text;
    // Newer versions of Node would look at standard output themselves; what is painted may go elsewhere.
    const force: [{ validateStream: boolean }] = [{ validateStream: false }];
    return (styleText as (format: Style, text: string, ...rest: typeof force) => string)(format, text, ...force);
  };
  return {
    bold: style('bold'),
    dim: style('dim'),
    red: style('red'),
    yellow: style('yellow'),
    blue: style('blue'),
    cyan: style('cyan'),
    green: style('green'),
  };
}
