import * as vscode from 'vscode';

/** The page of a rule in the installed extension; undefined for anything that is no rule's id. */
export async function rulePage(context: vscode.ExtensionContext, rule: unknown): Promise<vscode.Uri | undefined> {
  // The id comes from a diagnostic or a key binding: only the shape of an id may become a path.
  if (typeof rule !== 'string' || !/^[a-z0-9]+\/[a-z0-9-]+$/.test(rule)) return undefined;
  const page = vscode.Uri.joinPath(context.extensionUri, 'docs', 'rules', `${rule}.md`);
  try {
    await vscode.workspace.fs.stat(page);
    return page;
  } catch {
    return undefined;
  }
}

/** Lets the user pick a rule among all that have a page. */
export async function pickRule(context: vscode.ExtensionContext, placeHolder: string): Promise<string | undefined> {
  const root = vscode.Uri.joinPath(context.extensionUri, 'docs', 'rules');
  const rules: string[] = [];
  for (const [area, type] of await vscode.workspace.fs.readDirectory(root)) {
    if (type !== vscode.FileType.Directory) continue;
    for (const [page] of await vscode.workspace.fs.readDirectory(vscode.Uri.joinPath(root, area)))
      rules.push(`${area}/${page.replace(/\.md$/, '')}`);
  }
  return await vscode.window.showQuickPick(rules.sort(), { placeHolder });
}
