/** One inspector: a webview of a model. Sends what happens to the document, answers the page, keeps its state. */
import { readFileSync } from "node:fs";
import path from "node:path";
import * as vscode from "vscode";
import type { ErrorInfo, PanelCommand, ToPage } from "#protocol";
import { errorLine, toErrorInfo } from "../coded-error.ts";
import { Comparison } from "../document/comparison.ts";
import type { DocumentChange, ModelDocument } from "../document/model-document.ts";
import type { OpenPanel, Selection } from "../document/registry.ts";
import { dropRuns, keepRun, keptRuns } from "../features/benchmark-runs.ts";
import { chooseProbeData } from "../features/probe.ts";
import type { Services } from "../services.ts";
import { otherOptions } from "../text/compare-choice.ts";
import { openHeader, openStageDiff, openStageText } from "../text/open-text.ts";
import { plainNotice } from "../text/plain.ts";
import { baselines } from "../settings.ts";
import { hello, replay } from "./hello.ts";
import { PageLink, type PageEvent } from "./page-link.ts";
import { pageDocument } from "./page-document.ts";
import type { RequestContext } from "./page-requests.ts";
import { pageStrings } from "./page-strings.ts";

/** Messages of one turn go out together: the page's text is none of those that say that the editor is there. */
const afterEditorMs = 4;

export class InspectorPanel implements OpenPanel, vscode.Disposable {
  selection: Selection = { stage: 0, nodes: [], sources: [] };
  private readonly link: PageLink;
  private readonly disposables: vscode.Disposable[] = [];
  /** Commands for a page that is not up yet, e.g. from a link that opened the editor. */
  private waiting: PanelCommand[] = [];
  /** Generation that the page was greeted with; -1: it was not yet. */
  private greeted = -1;
  private greetings = 0;
  private loading: ReturnType<typeof setTimeout> | undefined;
  private toldDims: ModelDocument["dims"] = [];
  private comparison: Comparison | undefined;

  constructor(
    readonly document: ModelDocument,
    private readonly panel: vscode.WebviewPanel,
    private readonly services: Services,
  ) {
    panel.webview.options = { enableScripts: true, localResourceRoots: [] };
    this.link = new PageLink({
      post: (message) => void panel.webview.postMessage(message),
      load: () => this.load(),
      onAnew: () => void this.greet(),
      onSilent: (error) => void this.offerReload(error),
      onMessage: (message) => this.onMessage(message),
      context: (signal, progress) => this.context(signal, progress),
    });
    this.disposables.push(
      panel.webview.onDidReceiveMessage((message: unknown) => this.link.receive(message)),
      document.onDidChange((change) => this.onChange(change)),
      panel.onDidChangeViewState(() => this.onViewState()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.link.post({ type: "trust", trusted: true })),
      services.registry.addPanel(this),
    );
    this.link.start();
    this.onViewState();
  }

  command(command: PanelCommand): void {
    if (this.isGreeted) this.link.post({ type: "command", command });
    else this.waiting.push(command);
  }

  /** The page was told of the model. */
  private get isGreeted(): boolean {
    return this.link.live && this.greeted >= 0;
  }

  /** For a page that knows the model; one that comes later is told everything at once. */
  private tell(message: ToPage): void {
    if (this.isGreeted) this.link.post(message);
  }

  get state(): unknown {
    return this.services.memory.get(this.stateKey);
  }

  restore(state: unknown): void {
    this.saveState(state);
    if (this.isGreeted) this.sayHello(state);
  }

  get comparing(): boolean {
    return this.comparison !== undefined;
  }

  compare(other: ModelDocument): void {
    this.endComparison();
    this.comparison = new Comparison(this.document, other, (message) => this.tell(message));
    this.services.registry.selectionOf(this);
  }

  endComparison(): void {
    const { comparison } = this;
    if (comparison === undefined) return;
    this.comparison = undefined;
    comparison.dispose();
    this.tell({ type: "compare-end", id: comparison.id });
    this.services.registry.selectionOf(this);
  }

  reveal(): void {
    this.panel.reveal();
  }

  dispose(): void {
    clearTimeout(this.loading);
    this.endComparison();
    this.link.dispose();
    for (const disposable of this.disposables) disposable.dispose();
  }

  private onViewState(): void {
    if (this.panel.active) this.services.registry.setActive(this);
  }

  /** A moment later: VS Code makes the webview once it hears that the editor is there, and this text is long. */
  private load(): void {
    clearTimeout(this.loading);
    this.loading = setTimeout(() => {
      this.panel.webview.html = pageDocument(this.services.dist, pageStrings());
      void this.greet();
    }, afterEditorMs);
  }

  /** Tells a page everything: once the structure of the model is known or could not be read. */
  private async greet(): Promise<void> {
    this.greeted = -1;
    const greeting = ++this.greetings;
    await this.document.open().catch(() => {});
    if (!this.link.live || greeting !== this.greetings) return;
    this.sayHello(this.state);
    for (const message of replay(this.document)) this.link.post(message);
    for (const message of this.comparison?.replay() ?? []) this.link.post(message);
    this.greeted = this.document.generation;
    for (const command of this.waiting.splice(0)) this.command(command);
  }

  private sayHello(state: unknown): void {
    this.toldDims = this.document.dims;
    const facts = { trusted: vscode.workspace.isTrusted, state, strings: pageStrings(), baselines: baselines() };
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

  private onMessage(message: PageEvent): void {
    if (message.type === "log") this.services.log[message.level](`page: ${message.text}`);
    else if (message.type === "painted") this.document.onPainted(message.marks);
    else if (message.type === "compare-end") {
      if (message.id === this.comparison?.id) this.endComparison();
    } else {
      this.selection =
        message.type === "selected"
          ? { stage: message.stage, nodes: message.nodes, sources: message.sources }
          : { ...this.selection, stage: message.stage };
      this.services.registry.selectionOf(this);
    }
  }

  /** The page did not come up: the user may try again. */
  private async offerReload(error: ErrorInfo): Promise<void> {
    this.services.log.error(errorLine(error));
    const reload = vscode.l10n.t("Reload");
    const show = vscode.l10n.t("Show Log");
    const answer = await vscode.window.showErrorMessage(plainNotice(errorLine(error)), reload, show);
    if (answer === reload) this.link.start();
    else if (answer === show) this.services.log.show();
  }

  private context(signal: AbortSignal, progress: RequestContext["progress"]): RequestContext {
    const { document, services } = this;
    return {
      document,
      signal,
      progress,
      bench: (arg, stop, report) => services.bench(document, arg, stop, report),
      runs: {
        list: () => keptRuns(services.memory, this.modelKey),
        keep: (run) => keepRun(services.memory, this.modelKey, run),
        drop: (ids) => dropRuns(services.memory, this.modelKey, ids),
      },
      openText: async ({ kind, stage, line }) => openStageText(document, kind, stage, line, vscode.ViewColumn.Beside),
      openHeader: (file, line) => openHeader(services.dist, file, line),
      openDiff: async ({ left, right }) => openStageDiff(document, left, right),
      chooseFile: (name, kinds) => this.chooseFile(name, kinds),
      chooseStored: (kinds) => this.chooseStored(kinds),
      chooseProbeData: () => chooseProbeData(document),
      changeOptions: ({ options }) => services.changeOptions(document, options),
      compareOptions: (options) => this.compare(services.registry.detached(document.uri, otherOptions(document.options, options))),
      elk: () => readFileSync(path.join(services.dist, "elk-worker.js"), "utf8"),
      saveState: (state) => this.saveState(state),
    };
  }

  /** Beside the model by default. Files are written by path: other kinds of places are refused by the dialog. */
  private async chooseFile(name: string, kinds: Readonly<Record<string, readonly string[]>>): Promise<string | undefined> {
    const { uri } = this.document;
    const filters = Object.fromEntries(Object.entries(kinds).map(([kind, endings]) => [kind, [...endings]]));
    const place = uri.scheme === "file" ? { defaultUri: vscode.Uri.joinPath(uri, "..", name) } : {};
    const chosen = await vscode.window.showSaveDialog({ ...place, filters });
    return chosen?.fsPath;
  }

  /** A file to read, from beside the model by default. */
  private async chooseStored(kinds: Readonly<Record<string, readonly string[]>>): Promise<string | undefined> {
    const { uri } = this.document;
    const filters = Object.fromEntries(Object.entries(kinds).map(([kind, endings]) => [kind, [...endings]]));
    const place = uri.scheme === "file" ? { defaultUri: vscode.Uri.joinPath(uri, "..") } : {};
    const [chosen] = (await vscode.window.showOpenDialog({ ...place, filters, canSelectMany: false })) ?? [];
    return chosen?.fsPath;
  }

  private get modelKey(): string {
    return this.document.uri.toString();
  }

  private get stateKey(): string {
    return `state:${this.modelKey}`;
  }

  private saveState(state: unknown): void {
    this.services.memory
      .update(this.stateKey, state)
      .then(undefined, (error: unknown) => this.services.log.warn(toErrorInfo(error).message));
  }
}
