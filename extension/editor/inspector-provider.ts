/** The read-only custom editor `fusionscope.inspector` for ONNX files. */
import type * as vscode from "vscode";
import type { ModelDocument } from "../document/model-document.ts";
import type { Services } from "../services.ts";
import { InspectorPanel } from "./inspector-panel.ts";

export const viewType = "fusionscope.inspector";

export class InspectorProvider implements vscode.CustomReadonlyEditorProvider<vscode.CustomDocument> {
  private readonly held = new WeakMap<vscode.CustomDocument, ModelDocument>();

  constructor(private readonly services: Services) {}

  /** Called once per model while editors of it are open. Compiling starts here, while the page is still loading. */
  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    const document = this.services.registry.acquire(uri, true);
    const dispose = (): void => {
      this.held.delete(handle);
      this.services.registry.release(document);
    };
    const handle: vscode.CustomDocument = { uri, dispose };
    this.held.set(handle, document);
    return handle;
  }

  resolveCustomEditor(handle: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    const document = this.held.get(handle);
    if (document === undefined) throw new Error("an editor without its model");
    const inspector = new InspectorPanel(document, panel, this.services);
    panel.onDidDispose(() => inspector.dispose());
  }
}
