import type { PackageKey } from '../core/npm-facts.ts';
import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath, type SourceFile } from '../core/source-file.ts';

/** The files in which a project says where its packages come from: npm, pnpm and bun; yarn; yarn 1; bun; pnpm. */
export const REGISTRY_SETTINGS = ['.npmrc', '.yarnrc.yml', '.yarnrc', 'bunfig.toml', 'pnpm-workspace.yaml'] as const;

/** The keys under which a document's packages are asked for: each carries the project's settings from the document's folder upwards. */
export function packageKeys(file: SourceFile, surroundings: Surroundings): (name: string) => PackageKey {
  const paths = foldersUp(folderOf(file.path)).flatMap((folder) =>
    REGISTRY_SETTINGS.map((name) => joinPath(folder, name) ?? name).filter((path) => surroundings.exists(path)),
  );
  const up = '../'.repeat(file.path.split('/').length - 1);
  const settings = paths.flatMap((path) => {
    const relative = `${up}${path.split('/').map(encodeURIComponent).join('/')}`;
    return URL.canParse(relative, file.uri) ? [new URL(relative, file.uri).href] : [];
  });
  return settings.length === 0 ? (name) => ({ name }) : (name) => ({ name, settings });
}
