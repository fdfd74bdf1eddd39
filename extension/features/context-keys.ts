/** Context keys that enable commands and choose welcome texts. */
import * as vscode from "vscode";
import type { Feature } from "../services.ts";

export const contextKeys: Feature = {
  activate({ context, registry }) {
    const known = new Map<string, unknown>();
    const set = (key: string, value: unknown): void => {
      if (known.get(key) === value) return; // each one has VS Code look at all its menus
      known.set(key, value);
      void vscode.commands.executeCommand("setContext", `fusionscope.${key}`, value);
    };
    const documentKeys = (): void => {
      const document = registry.active?.document;
      set("hasModel", document !== undefined);
      set("compiled", document?.summary !== undefined);
      set("busy", document?.busy !== undefined);
    };
    const selectionKeys = (): void => {
      const { stage = 0, sources = [] } = registry.active?.selection ?? {};
      set("stage", stage);
      set("hasSelection", sources.length > 0);
      set("comparing", registry.active?.comparing ?? false);
    };
    context.subscriptions.push(
      registry.onDidChangeActive(documentKeys),
      registry.onDidChangeSelection(selectionKeys),
      registry.onDidChangeDocument(({ document, change }) => {
        if (change !== "stage" && document === registry.active?.document) documentKeys();
      }),
    );
    documentKeys();
    selectionKeys();
  },
};
