/** One inspector: a webview of a model. Sends what happens to the document, answers the page, keeps its state. */
import * as vscode from "vscode";
import type { PanelCommand, ToHost } from "#protocol";
import { toErrorInfo } from "../coded-error.ts";
import type { DocumentChange, ModelDocument } from "../document/model-document.ts";
import type { OpenPanel, Selection } from "../document/registry.ts";
import type { Services } from "../services.ts";
import { openStageDiff, openStageText } from "../text/open-text.ts";
import { hello, replay } from "./hello.ts";
import { PageLink } from "./page-link.ts";
import { pageDocument } from "./page-document.ts";
import type { RequestContext } from "./page-requests.ts";
import { pageStrings } from "./page-strings.ts";

export class InspectorPanel implements OpenPanel, vscode.Disposable {
  selection: Selection = { stage: 0, nodes: [], sources: [] };
  private readonly link: PageLink;
  private readonly disposables: vscode.Disposable[] = [];
  /** Commands for a page that is not up yet, e.g. from a link that opened the editor. */
  private waiting: PanelCommand[] = [];
  private greeted = -1;
  private toldDims: ModelDocument["dims"] = [];

  constructor(
    readonly document: ModelDocument,
    private readonly panel: vscode.WebviewPanel,
    private readonly services: Services,
  ) {
    panel.webview.options = { enableScripts: true, localResourceRoots: [] };
    this.link = new PageLink({
      post: (message) => void panel.webview.postMessage(message),
      load: () => (panel.webview.html = pageDocument(services.dist)),
      onReady: () => void this.greet(),
      onSilent: (error) => services.showError(error),
      onMessage: (message) => this.onMessage(message),
      context: (signal, progress) => this.context(signal, progress),
    });
    this.disposables.push(
      panel.webview.onDidReceiveMessage((message: ToHost) => this.link.receive(message)),
      document.onDidChange((change) => this.onChange(change)),
      panel.onDidChangeViewState(() => this.onViewState()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.link.post({ type: "trust", trusted: true })),
      services.registry.addPanel(this),
    );
    this.link.start();
    this.onViewState();
  }

  command(command: PanelCommand): void {
    if (this.link.ready && this.greeted >= 0) this.link.post({ type: "command", command });
    else this.waiting.push(command);
  }

  reveal(): void {
    this.panel.reveal();
  }

  dispose(): void {
    this.link.dispose();
    for (const disposable of this.disposables) disposable.dispose();
  }

  private onViewState(): void {
    if (this.panel.active) this.services.registry.setActive(this);
    if (!this.panel.visible) this.greeted = -1;
  }

  /** Tells a page that just came up everything: once the structure of the model is known or could not be read. */
  private async greet(): Promise<void> {
    this.greeted = -1;
    await this.document.open().catch(() => {});
    if (!this.link.ready) return;
    this.sayHello(this.services.memory.get(this.stateKey));
    for (const message of replay(this.document)) this.link.post(message);
    this.greeted = this.document.generation;
    for (const command of this.waiting.splice(0)) this.command(command);
  }

  private sayHello(state: unknown): void {
    this.toldDims = this.document.dims;
    const facts = { trusted: vscode.workspace.isTrusted, state, strings: pageStrings() };
    this.link.post({ type: "hello", hello: hello(this.document, facts) });
  }

  private onChange(change: DocumentChange): void {
    if (this.greeted < 0) return;
    // Which default extents fit is known after compiling.
    if (change === "summary" && JSON.stringify(this.toldDims) !== JSON.stringify(this.document.dims)) this.sayHello(undefined);
    const { generation, options, stages, summary, failed } = this.document;
    const delta = stages.at(-1);
    if (change === "generation") this.link.post({ type: "generation", generation, options });
    else if (change === "stage" && delta !== undefined) this.link.post({ type: "stage", generation, delta });
    else if (change === "summary" && summary !== undefined) this.link.post({ type: "summary", generation, summary });
    else if (change === "failed" && failed !== undefined) this.link.post({ type: "failed", generation, error: failed });
  }

  private onMessage(message: Exclude<ToHost, { type: "ready" | "request" | "cancel" }>): void {
    if (message.type === "log") this.services.log[message.level](`page: ${message.text}`);
    else if (message.type !== "compare-end") {
      this.selection =
        message.type === "selected"
          ? { stage: message.stage, nodes: message.nodes, sources: message.sources }
          : { ...this.selection, stage: message.stage };
      this.services.registry.selectionOf(this);
    }
  }

  private context(signal: AbortSignal, progress: RequestContext["progress"]): RequestContext {
    const { document, services } = this;
    return {
      document,
      signal,
      progress,
      bench: (arg, stop, report) => services.bench(document, arg.scope, arg.baselines, stop, report),
      openText: async ({ kind, stage, line }) => openStageText(document, kind, stage, line),
      openDiff: async ({ left, right }) => openStageDiff(document, left, right),
      changeOptions: ({ options }) => services.changeOptions(document, options),
      saveState: (state) => this.saveState(state),
    };
  }

  private get stateKey(): string {
    return `state:${this.document.uri.toString()}`;
  }

  private saveState(state: unknown): void {
    this.services.memory
      .update(this.stateKey, state)
      .then(undefined, (error: unknown) => this.services.log.warn(toErrorInfo(error).message));
  }
}
