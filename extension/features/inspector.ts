/** The custom editor, and the offer to reload a model whose file changed. */
import * as vscode from "vscode";
import { InspectorProvider, viewType } from "../editor/inspector-provider.ts";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature, Services } from "../services.ts";
import { plainNotice } from "../text/plain.ts";

export const inspector: Feature = {
  activate(services) {
    const watchers = new Map<ModelDocument, vscode.Disposable>();
    const { registry, context } = services;
    context.subscriptions.push(
      vscode.window.registerCustomEditorProvider(viewType, new InspectorProvider(services), {
        supportsMultipleEditorsPerDocument: true,
        // VS Code alone takes most of a second to build a webview anew; a model is looked at in turns with its code. The page keeps deltas
        // and few snapshots, and its state is stored all the same, for a restart.
        webviewOptions: { retainContextWhenHidden: true },
      }),
      registry.onDidChangeDocument(({ document, change }) => {
        // Also one that could not be read: it may be mended.
        if ((change === "opened" || change === "failed") && !watchers.has(document)) watchers.set(document, watch(document, services));
      }),
      registry.onDidCloseDocument((document) => {
        watchers.get(document)?.dispose();
        watchers.delete(document);
      }),
      new vscode.Disposable(() => watchers.forEach((watcher) => watcher.dispose())),
    );
  },
};

/** Asks once per change, however many events the change makes. */
function watch(document: ModelDocument, services: Services): vscode.Disposable {
  const folder = vscode.Uri.joinPath(document.uri, "..");
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, document.name.replace(/[*?[\]{}]/g, "?")));
  let asking = false;
  const offer = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    const reload = vscode.l10n.t("Reload");
    const answer = await vscode.window.showInformationMessage(vscode.l10n.t("{0} changed on disk.", plainNotice(document.name)), reload);
    asking = false;
    if (answer === reload) await document.reload();
  };
  watcher.onDidChange(() => void offer(), undefined);
  watcher.onDidCreate(() => void offer(), undefined);
  services.log.debug(`watching ${document.uri.toString(true)}`);
  return watcher;
}
