/** Copies what to type in a terminal to get the shown compilation again. */
import * as vscode from "vscode";
import { compileCommand } from "#protocol";
import type { Feature } from "../services.ts";

export const commandLine: Feature = {
  activate({ context, registry }) {
    const copy = async (): Promise<void> => {
      const document = registry.active?.document;
      if (document === undefined) return;
      await vscode.env.clipboard.writeText(compileCommand(document.uri.fsPath, document.options));
      vscode.window.setStatusBarMessage(vscode.l10n.t("Command copied"), 3000);
    };
    context.subscriptions.push(vscode.commands.registerCommand("fusionscope.copyCommandLine", copy));
  },
};
