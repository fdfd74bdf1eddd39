/** Contents of the `fusionscope:` documents. A document keeps its model open, and follows it when it is compiled anew. */
import * as vscode from "vscode";
import { errorLine, toErrorInfo } from "../coded-error.ts";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature, Services } from "../services.ts";
import { describeSelection } from "../text/describe.ts";
import { parseVirtual, scheme } from "../text/stage-uri.ts";

class VirtualDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  /** Models of the texts that a tab shows. */
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
      vscode.window.tabGroups.onDidChangeTabs(() => this.followTabs()),
    ];
    this.followTabs();
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const asked = parseVirtual(uri.query);
    if (asked === undefined) return "not a text of Fusionscope\n";
    const { registry } = this.services;
    const document = registry.acquire(vscode.Uri.parse(asked.model));
    const stop = new AbortController();
    token.onCancellationRequested(() => stop.abort());
    try {
      if (asked.view === "text") return [...(await document.text(asked.kind, asked.stage, stop.signal)).lines, ""].join("\n");
      return describeSelection(await document.ready("a description"), document.graphAt(asked.stage), asked);
    } catch (error) {
      return `${errorLine(toErrorInfo(error))}\n`;
    } finally {
      registry.release(document);
    }
  }

  dispose(): void {
    for (const { document } of this.held.values()) this.services.registry.release(document);
    this.held.clear();
    for (const disposable of this.listening) disposable.dispose();
    this.changed.dispose();
  }

  /** A model stays open while a tab shows a text of it. (Text documents themselves are closed minutes after their tab.) */
  private followTabs(): void {
    const shown = new Map(vscode.window.tabGroups.all.flatMap((group) => group.tabs.flatMap(urisOf)).map((uri) => [uri.toString(), uri]));
    for (const [key, { document }] of this.held) {
      if (shown.has(key)) continue;
      this.held.delete(key);
      this.services.registry.release(document);
    }
    for (const [key, uri] of shown) {
      const model = this.held.has(key) ? undefined : parseVirtual(uri.query)?.model;
      if (model !== undefined) this.held.set(key, { uri, document: this.services.registry.acquire(vscode.Uri.parse(model)) });
    }
  }
}

/** The texts of ours that a tab shows. */
function urisOf({ input }: vscode.Tab): vscode.Uri[] {
  const uris =
    input instanceof vscode.TabInputText ? [input.uri] : input instanceof vscode.TabInputTextDiff ? [input.original, input.modified] : [];
  return uris.filter((uri) => uri.scheme === scheme);
}

export const virtualDocuments: Feature = {
  activate(services) {
    const provider = new VirtualDocuments(services);
    services.context.subscriptions.push(provider, vscode.workspace.registerTextDocumentContentProvider(scheme, provider));
  },
};
