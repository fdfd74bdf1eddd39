/** The editor that a command has just opened. */
import type * as vscode from "vscode";
import { coded } from "../coded-error.ts";
import type { OpenPanel, Registry } from "../document/registry.ts";

/** VS Code resolves `vscode.openWith` before or after it asked for the editor, by version. @throws link-invalid after five seconds without one */
export async function openedPanel(registry: Registry, model: vscode.Uri): Promise<OpenPanel> {
  for (let tries = 0; tries < 100; tries++) {
    const panel = registry.active;
    if (panel?.document.uri.toString() === model.toString()) return panel;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw coded("link-invalid", { what: `${model.toString(true)} did not open` });
}
