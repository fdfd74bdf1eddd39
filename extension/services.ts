/** What the features share. Made once in `activate`. */
import type * as vscode from "vscode";
import type { BenchResult, PanelOptions, PanelRequests } from "#protocol";
import type { ModelDocument } from "./document/model-document.ts";
import type { Registry } from "./document/registry.ts";
import type { Progress } from "./worker/messages.ts";

export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly registry: Registry;
  /** Kept over restarts, per workspace. */
  readonly memory: vscode.Memento;
  /** Folder of the bundles. */
  readonly dist: string;
  /** A notification for the result of something the user asked for. */
  showError(error: unknown): void;
  /** Compiles with new options and remembers them for this model. */
  changeOptions(document: ModelDocument, options: PanelOptions): void;
  /** A benchmark with progress in a notification, which can call it off, and the result in the status bar. */
  bench(
    document: ModelDocument,
    arg: PanelRequests["bench"]["arg"],
    signal?: AbortSignal,
    report?: (p: Progress) => void,
  ): Promise<BenchResult>;
}

/** A part of the extension: registers what it contributes, and everything it needs to undo. */
export interface Feature {
  activate(services: Services): void;
}
