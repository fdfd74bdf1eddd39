/**
 * Which models are open, and which one the user looks at. Editors, trees and virtual documents share one `ModelDocument` per
 * file; it is dropped when the last holder lets go.
 */
import * as vscode from "vscode";
import type { PanelCommand, PanelOptions } from "#protocol";
import { defaultOptions } from "../settings.ts";
import { ModelDocument, type DocumentChange, type DocumentHost } from "./model-document.ts";
import type { OptionStore } from "./option-store.ts";

/** What an editor's page has selected. Ids of graph nodes of `stage`; indices of ONNX nodes. */
export interface Selection {
  readonly stage: number;
  readonly nodes: readonly number[];
  readonly sources: readonly number[];
}

/** An open editor of a model. */
export interface OpenPanel {
  readonly document: ModelDocument;
  readonly selection: Selection;
  /** What the page stored of itself last. */
  readonly state: unknown;
  command(command: PanelCommand): void;
  /** Brings the page to a state that some page stored. */
  restore(state: unknown): void;
  /** Holds another compilation against the one shown, until the user or the next one ends it. The panel disposes of it. */
  compare(other: ModelDocument): void;
  endComparison(): void;
  readonly comparing: boolean;
  reveal(): void;
}

/** When the next thread of the compiler is made ready, in ms. */
const [afterCompiling, afterClosing] = [1500, 300];

interface Entry {
  readonly document: ModelDocument;
  holders: number;
}

export class Registry implements vscode.Disposable {
  private readonly entries = new Map<string, Entry>();
  private readonly panels = new Set<OpenPanel>();
  private activePanel: OpenPanel | undefined;
  private readonly activeChanged = new vscode.EventEmitter<void>();
  private readonly selectionChanged = new vscode.EventEmitter<void>();
  private readonly documentChanged = new vscode.EventEmitter<{ document: ModelDocument; change: DocumentChange }>();
  private readonly documentClosed = new vscode.EventEmitter<ModelDocument>();
  /** The active editor became another one, or none. */
  readonly onDidChangeActive = this.activeChanged.event;
  /** The active editor shows another stage or has another selection. */
  readonly onDidChangeSelection = this.selectionChanged.event;
  readonly onDidChangeDocument = this.documentChanged.event;
  readonly onDidCloseDocument = this.documentClosed.event;

  constructor(
    private readonly host: DocumentHost,
    readonly options: OptionStore,
  ) {}

  /** The inspector that was active last and is still open: trees and commands work on it. */
  get active(): OpenPanel | undefined {
    return this.activePanel;
  }

  get documents(): readonly ModelDocument[] {
    return [...this.entries.values()].map((entry) => entry.document);
  }

  panelOf(document: ModelDocument): OpenPanel | undefined {
    return this.activePanel?.document === document ? this.activePanel : [...this.panels].find((panel) => panel.document === document);
  }

  /** The document of a model; opens it when nobody has, `forEditor` or for another view of it. Every call needs a `release`. */
  acquire(uri: vscode.Uri, forEditor = false): ModelDocument {
    const key = uri.toString();
    let entry = this.entries.get(key);
    if (entry === undefined) {
      const document = new ModelDocument(uri, this.options.read(key, defaultOptions(uri)), this.host);
      document.onDidChange((change) => {
        this.documentChanged.fire({ document, change });
        if (change === "summary" || change === "failed") this.host.threads.prepare(afterCompiling);
      });
      entry = { document, holders: 0 };
      this.entries.set(key, entry);
      if (forEditor) document.awaitPicture();
      void document.compile();
    }
    entry.holders += 1;
    return entry.document;
  }

  release(document: ModelDocument): void {
    const entry = this.entries.get(document.uri.toString());
    if (entry?.document !== document) return;
    entry.holders -= 1;
    if (entry.holders > 0) return;
    this.entries.delete(document.uri.toString());
    document.dispose();
    this.documentClosed.fire(document);
    this.host.threads.prepare(afterClosing);
  }

  /** A document of the caller's own, beside the shared ones: not compiled yet, to be disposed of by the caller. */
  detached(uri: vscode.Uri, options: PanelOptions): ModelDocument {
    return new ModelDocument(uri, options, this.host);
  }

  addPanel(panel: OpenPanel): vscode.Disposable {
    this.panels.add(panel);
    return new vscode.Disposable(() => {
      this.panels.delete(panel);
      if (this.activePanel === panel) this.setActive([...this.panels].at(-1));
    });
  }

  setActive(panel: OpenPanel | undefined): void {
    if (panel === this.activePanel) return;
    this.activePanel = panel;
    this.activeChanged.fire();
    this.selectionChanged.fire();
  }

  /** The panel shows another stage, has another selection, or began or ended a comparison. */
  selectionOf(panel: OpenPanel): void {
    if (panel === this.activePanel) this.selectionChanged.fire();
  }

  dispose(): void {
    for (const { document } of this.entries.values()) document.dispose();
    this.entries.clear();
    this.host.threads.dispose();
    for (const emitter of [this.activeChanged, this.selectionChanged, this.documentChanged, this.documentClosed]) emitter.dispose();
  }
}
