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
  // Not by listing the folder: that is impossible where the extension is on a web server.
  const index = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(context.extensionUri, 'docs', 'rules', 'README.md'));
  const rules = [...new TextDecoder().decode(index).matchAll(/\]\(([a-z0-9]+\/[a-z0-9-]+)\.md\)/g)].flatMap(([, rule]) => rule ?? []);
  return await vscode.window.showQuickPick(rules, { placeHolder });
}
