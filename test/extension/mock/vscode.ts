// The part of VS Code's API that the extension uses, without VS Code: what it shows and registers is recorded in `shown`. Test bundles take
// this file for "vscode" (scripts/bundles/table.mjs).
import { Disposable, EventEmitter } from "./events.ts";
import { shown, type FakeTree } from "./shown.ts";
import { Uri } from "./uri.ts";

export { Disposable, EventEmitter, Uri };
export * from "./things.ts";

const nothing = new Disposable(() => undefined);
const never = (): Disposable => nothing;

function put<T>(map: Map<string, T>, key: string, value: T): Disposable {
  map.set(key, value);
  return new Disposable(() => map.delete(key));
}

export const l10n = {
  bundle: undefined,
  t: (text: string, ...values: unknown[]): string => text.replace(/\{(\d+)\}/g, (_all, i: string) => String(values[Number(i)])),
};

export const env = {
  uriScheme: "vscode",
  clipboard: { writeText: async (text: string) => void (shown.clipboard = text), readText: async () => shown.clipboard },
};

export const commands = {
  registerCommand: (id: string, run: (...args: unknown[]) => unknown) => put(shown.commands, id, run),
  executeCommand: async (id: string, ...args: unknown[]): Promise<unknown> => {
    shown.executed.push([id, ...args]);
    if (id === "setContext") shown.context.set(String(args[0]), args[1]);
    return shown.commands.get(id)?.(...args);
  },
};

export const workspace = {
  isTrusted: true,
  onDidGrantWorkspaceTrust: never,
  onDidChangeConfiguration: shown.configurationChanged.event,
  getConfiguration: (section: string) => ({
    get: (name: string, otherwise: unknown) => shown.settings.get(`${section}.${name}`) ?? otherwise,
  }),
  createFileSystemWatcher: () => ({ onDidChange: never, onDidCreate: never, dispose: () => undefined }),
  registerTextDocumentContentProvider: (scheme: string, provider: unknown) => put(shown.contentProviders, scheme, provider),
  findFiles: async () => shown.files,
  asRelativePath: (uri: Uri) => uri.path.slice(1),
  fs: {},
};

export const window = {
  visibleTextEditors: [],
  onDidChangeVisibleTextEditors: never,
  createTextEditorDecorationType: () => ({ dispose: () => undefined }),
  createOutputChannel: () => {
    const line =
      (level: string) =>
      (text: string): void =>
        void shown.log.push(`${level}: ${text}`);
    const levels = { trace: line("trace"), debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
    return { ...levels, show: () => undefined, dispose: () => undefined };
  },
  createTreeView: (id: string, { treeDataProvider }: { treeDataProvider: unknown }) => {
    const tree = { provider: treeDataProvider, visible: true, message: undefined, revealed: [] as unknown[] } as unknown as FakeTree;
    const view = Object.assign(tree, {
      reveal: async (row: unknown) => void tree.revealed.push(row),
      onDidChangeVisibility: never,
      onDidChangeSelection: never,
      dispose: () => undefined,
    });
    shown.trees.set(id, view);
    return view;
  },
  createStatusBarItem: () => {
    const item = { text: "", tooltip: undefined as unknown, shown: false };
    shown.statusBar = item;
    return Object.assign(item, { show: () => (item.shown = true), hide: () => (item.shown = false), dispose: () => undefined });
  },
  registerCustomEditorProvider: (viewType: string, provider: unknown) => put(shown.editors, viewType, provider),
  registerUriHandler: (handler: unknown) => put(shown.uriHandlers, "uri", handler),
  setStatusBarMessage: never,
  tabGroups: { all: [], onDidChangeTabs: never },
  withProgress: (_options: unknown, run: (progress: unknown, token: unknown) => Promise<unknown>) =>
    run({ report: () => undefined }, { onCancellationRequested: never, isCancellationRequested: false }),
  showErrorMessage: async (text: string, ...choices: string[]) => answer(text, choices),
  showInformationMessage: async (text: string, ...choices: string[]) => answer(text, choices),
  showQuickPick: async (items: readonly { label: string }[]) =>
    items.find(({ label }) => label === shown.answers[0] && shown.answers.shift()),
  showInputBox: async () => shown.answers.shift(),
  showOpenDialog: async () => undefined,
};

async function answer(text: string, choices: readonly string[]): Promise<string | undefined> {
  shown.messages.push(text);
  return choices.includes(shown.answers[0] ?? "") ? shown.answers.shift() : undefined;
}

export const languages = {
  createDiagnosticCollection: () => ({
    set: (uri: Uri, list: unknown[]) => shown.problems.set(uri.toString(), list as never),
    delete: (uri: Uri) => shown.problems.delete(uri.toString()),
    dispose: () => undefined,
  }),
  registerHoverProvider: (_selector: unknown, provider: unknown) => put(shown.languageProviders, "hover", provider),
  registerDefinitionProvider: (_selector: unknown, provider: unknown) => put(shown.languageProviders, "definition", provider),
  registerReferenceProvider: (_selector: unknown, provider: unknown) => put(shown.languageProviders, "references", provider),
  registerDocumentHighlightProvider: (_selector: unknown, provider: unknown) => put(shown.languageProviders, "highlights", provider),
  registerDocumentSymbolProvider: (_selector: unknown, provider: unknown) => put(shown.languageProviders, "symbols", provider),
  registerFoldingRangeProvider: (_selector: unknown, provider: unknown) => put(shown.languageProviders, "folding", provider),
};
