// What the extension showed and registered, and what the user of a test answers.
import { EventEmitter } from "./events.ts";
import type { Uri } from "./uri.ts";

export interface FakeTree {
  readonly provider: {
    getChildren(row?: unknown): readonly unknown[];
    getTreeItem(row: unknown): FakeTreeItem;
    getParent(row: unknown): unknown;
  };
  message: string | undefined;
  readonly revealed: unknown[];
}

export interface FakeTreeItem {
  readonly label: unknown;
  readonly id?: string;
  readonly description?: string;
  readonly tooltip?: string | { readonly value: string; readonly isTrusted?: unknown; readonly supportHtml?: boolean };
  readonly contextValue?: string;
  readonly command?: { readonly command: string; readonly arguments?: readonly unknown[] };
  readonly iconPath?: unknown;
}

export interface FakeProblem {
  readonly message: string;
  readonly severity: number;
  readonly code: string | { readonly value: string; readonly target: Uri };
}

export const shown = {
  commands: new Map<string, (...args: unknown[]) => unknown>(),
  executed: [] as unknown[][],
  context: new Map<string, unknown>(),
  settings: new Map<string, unknown>(),
  configurationChanged: new EventEmitter<{ affectsConfiguration(name: string): boolean }>(),
  trees: new Map<string, FakeTree>(),
  problems: new Map<string, FakeProblem[]>(),
  statusBar: undefined as { text: string; tooltip: unknown; shown: boolean } | undefined,
  editors: new Map<string, unknown>(),
  contentProviders: new Map<string, unknown>(),
  languageProviders: new Map<string, unknown>(),
  uriHandlers: new Map<string, unknown>(),
  messages: [] as string[],
  /** What the user answers to the next questions: labels of buttons and rows, texts. */
  answers: [] as string[],
  log: [] as string[],
  clipboard: "",
  files: [] as Uri[],
};
