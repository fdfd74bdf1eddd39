/** Ways in: open a model, the example, the walkthrough, the log. */
import * as vscode from "vscode";
import { viewType } from "../editor/inspector-provider.ts";
import type { Feature } from "../services.ts";

export const start: Feature = {
  activate({ context, log }) {
    const open = (uri: vscode.Uri): Thenable<unknown> => vscode.commands.executeCommand("vscode.openWith", uri, viewType);
    const commands: Readonly<Record<string, () => unknown>> = {
      openModel: async () => {
        const chosen = await vscode.window.showOpenDialog({ filters: { ONNX: ["onnx"] }, title: vscode.l10n.t("Open a model") });
        if (chosen?.[0] !== undefined) await open(chosen[0]);
      },
      openExample: () => open(vscode.Uri.joinPath(context.extensionUri, "test/data/example-mlp.onnx")),
      openWalkthrough: () => vscode.commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#start`),
      showLog: () => log.show(),
    };
    for (const [id, run] of Object.entries(commands)) context.subscriptions.push(vscode.commands.registerCommand(`fusionscope.${id}`, run));
  },
};
