// The extension in this process, with the built compiler worker behind it: activated once, its editors driven like VS Code does.
import { existsSync } from "node:fs";
import path from "node:path";
import type { ToPage } from "#protocol";
import { root } from "../../../scripts/setup/terminal.mjs";
import { activate } from "../../../extension/extension.ts";
import type { FusionscopeApi } from "../../../extension/api.ts";
import { EventEmitter } from "./events.ts";
import { shown } from "./shown.ts";
import { Uri } from "./uri.ts";

/** Why nothing can be driven here; undefined when it can. */
export const notBuilt = ["compiler-worker.cjs", "webview.js", "webview.css"].every((file) => existsSync(path.join(root, "dist", file)))
  ? undefined
  : "not built (node esbuild.mjs)";

/** A page as the host sees it. */
export interface FakePage {
  /** What the host sent. */
  readonly got: ToPage[];
  /** Says something to the host. */
  say(message: unknown): void;
  close(): void;
  /** What the host made of the webview. */
  html(): string;
  /** Waits for a message. */
  next<T extends ToPage["type"]>(type: T, fits?: (message: Extract<ToPage, { type: T }>) => boolean): Promise<Extract<ToPage, { type: T }>>;
}

export interface Started {
  readonly api: FusionscopeApi;
  open(file: string, viewType?: string): FakePage;
  stop(): void;
}

interface Editors {
  openCustomDocument(uri: Uri): { dispose(): void };
  resolveCustomEditor(document: unknown, panel: unknown): void;
}

export function start(): Started {
  const memory = new Map<string, unknown>();
  const subscriptions: { dispose(): unknown }[] = [];
  const context = {
    extensionPath: root,
    extensionUri: Uri.file(root),
    extension: { id: "fusionscope.fusionscope" },
    globalStorageUri: Uri.file(path.join(root, "dist/none")),
    subscriptions,
    workspaceState: { get: (key: string) => memory.get(key), update: async (key: string, value: unknown) => void memory.set(key, value) },
  };
  const api = activate(context as never);
  const pages = new Set<FakePage>();
  return {
    api,
    open: (file) => {
      const page = openPage(shown.editors.get("fusionscope.inspector") as Editors, Uri.file(path.resolve(root, file)));
      pages.add(page);
      const kept = {
        ...page,
        close: () => {
          pages.delete(page); // like VS Code, which forgets an editor that is closed
          page.close();
        },
      };
      return kept;
    },
    stop: () => {
      for (const page of pages) page.close();
      for (const one of subscriptions.reverse()) one.dispose();
    },
  };
}

function openPage(editors: Editors, uri: Uri): FakePage {
  const got: ToPage[] = [];
  const received = new EventEmitter<unknown>();
  const disposed = new EventEmitter<void>();
  const arrived = new EventEmitter<void>();
  const document = editors.openCustomDocument(uri);
  const webview = {
    options: {},
    html: "",
    onDidReceiveMessage: received.event,
    postMessage: async (message: ToPage) => {
      got.push(structuredClone(message)); // throws for what a page could not get
      arrived.fire();
      return true;
    },
  };
  editors.resolveCustomEditor(document, {
    webview,
    active: true,
    visible: true,
    onDidChangeViewState: new EventEmitter<void>().event,
    onDidDispose: disposed.event,
    reveal: () => undefined,
  });
  let open = true;
  return {
    got,
    say: (message) => received.fire(message),
    html: () => webview.html,
    close: () => {
      if (!open) return;
      open = false;
      disposed.fire();
      document.dispose();
    },
    next: (type, fits = () => true) =>
      new Promise((resolve, reject) => {
        const limit = setTimeout(() => reject(new Error(`no ${type}: got ${got.map((m) => m.type).join(" ")}`)), 60_000);
        const look = (): void => {
          const found = got.find((message) => message.type === type && fits(message as never));
          if (found === undefined) return;
          clearTimeout(limit);
          listening.dispose();
          resolve(found as never);
        };
        const listening = arrived.event(look);
        look();
      }),
  };
}
