/** Contents of the `fusionscope:` documents. A document keeps its model open, and follows it when it is compiled anew. */
import * as vscode from "vscode";
import { errorLine, toErrorInfo } from "../coded-error.ts";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature, Services } from "../services.ts";
import { describeSelection } from "../text/describe.ts";
import { parseVirtual, scheme } from "../text/stage-uri.ts";

class VirtualDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly held = new Map<string, { uri: vscode.Uri; document: ModelDocument }>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly listening: vscode.Disposable[];

  constructor(private readonly services: Services) {
    this.listening = [
      services.registry.onDidChangeDocument(({ document, change }) => {
        if (change !== "summary" && change !== "failed") return;
        for (const held of this.held.values()) if (held.document === document) this.changed.fire(held.uri);
      }),
      vscode.workspace.onDidCloseTextDocument((text) => this.release(text.uri)),
    ];
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const asked = parseVirtual(uri.query);
    if (asked === undefined) return "not a text of Fusionscope\n";
    const document = this.hold(uri, vscode.Uri.parse(asked.model));
    const stop = new AbortController();
    token.onCancellationRequested(() => stop.abort());
    try {
      if (asked.view === "text") return [...(await document.text(asked.kind, asked.stage, stop.signal)).lines, ""].join("\n");
      return describeSelection(await document.ready("a description"), document.graphAt(asked.stage), asked);
    } catch (error) {
      return `${errorLine(toErrorInfo(error))}\n`;
    }
  }

  dispose(): void {
    for (const { document } of this.held.values()) this.services.registry.release(document);
    this.held.clear();
    for (const disposable of this.listening) disposable.dispose();
    this.changed.dispose();
  }

  private hold(uri: vscode.Uri, model: vscode.Uri): ModelDocument {
    const held = this.held.get(uri.toString());
    if (held !== undefined) return held.document;
    const document = this.services.registry.acquire(model);
    this.held.set(uri.toString(), { uri, document });
    return document;
  }

  private release(uri: vscode.Uri): void {
    const held = uri.scheme === scheme ? this.held.get(uri.toString()) : undefined;
    if (held === undefined) return;
    this.held.delete(uri.toString());
    this.services.registry.release(held.document);
  }
}

export const virtualDocuments: Feature = {
  activate(services) {
    const provider = new VirtualDocuments(services);
    services.context.subscriptions.push(provider, vscode.workspace.registerTextDocumentContentProvider(scheme, provider));
  },
};
