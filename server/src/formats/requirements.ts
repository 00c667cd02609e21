import type { Format, Manifest } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';

/** A list of Python requirements, as far as rules need it. */
export interface Requirements {
  /** Whether a requirement has a hash; pip then wants one for each of them. */
  readonly isHashed: boolean;
}

/** A requirements file of pip (pip documentation, "Requirements File Format"). */
export const format: Format<Requirements> = {
  id: 'requirements',
  title: 'requirements.txt',
  globs: ['**/*requirements*.txt', '**/requirements/*.txt'],
  languageIds: [],
  parse: (file: SourceFile): Manifest<Requirements> => ({
    file,
    format: 'requirements',
    // In comments there are none: a `#` in front of it would be one.
    model: { isHashed: /^[^#\n]*\s--hash[=\s]/m.test(file.text) },
    refs: [],
    scripts: [],
    ignores: [],
    problems: [],
  }),
};

/** A manifest as a requirements file, undefined where it is another format's. */
export function asRequirements(manifest: Manifest): Requirements | undefined {
  // The format id and the model's type are set together, here.
  return manifest.format === format.id ? (manifest.model as Requirements) : undefined;
}
