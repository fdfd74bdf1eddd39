/** A native tree about the model of the active inspector, filled anew when that model or its compilation changes. */
import * as vscode from "vscode";
import type { DocumentChange, ModelDocument } from "../document/model-document.ts";
import type { Services } from "../services.ts";

/** A row with its rows. `key` stays the same over refreshes. */
export interface Row<T extends vscode.TreeItem = vscode.TreeItem> {
  readonly key: string;
  readonly item: T;
  readonly rows?: readonly Row[];
}

export interface DocumentTree {
  readonly view: vscode.TreeView<Row>;
  find(key: string): Row | undefined;
}

/**
 * @param refreshOn changes of a document after which `fill` gives other rows
 * @param message a line above the rows, if there is anything to say
 */
export function documentTree(
  services: Services,
  id: string,
  refreshOn: readonly DocumentChange[],
  fill: (document: ModelDocument) => readonly Row[],
  message: (document: ModelDocument) => string | undefined = () => undefined,
): DocumentTree {
  const { registry, context } = services;
  const changed = new vscode.EventEmitter<void>();
  let rows: readonly Row[] = [];
  let parents = new Map<Row, Row>();
  const provider: vscode.TreeDataProvider<Row> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: (row) => row.item,
    getChildren: (row) => [...(row === undefined ? rows : (row.rows ?? []))],
    getParent: (row) => parents.get(row),
  };
  const view = vscode.window.createTreeView(id, { treeDataProvider: provider, showCollapseAll: true });
  const refresh = (): void => {
    const document = registry.active?.document;
    rows = document === undefined ? [] : fill(document);
    parents = new Map(rows.flatMap((row) => (row.rows ?? []).map((child): [Row, Row] => [child, row])));
    view.message = document === undefined ? undefined : message(document);
    changed.fire();
  };
  const soon = coalesce(refresh);
  context.subscriptions.push(
    view,
    changed,
    registry.onDidChangeActive(soon),
    registry.onDidChangeDocument(({ document, change }) => {
      if (document === registry.active?.document && refreshOn.includes(change)) soon();
    }),
  );
  refresh();
  const find = (key: string): Row | undefined => [...rows, ...parents.keys()].find((row) => row.key === key);
  return { view, find };
}

/** Many calls within one turn of the event loop become one. */
function coalesce(run: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      run();
    }, 30);
  };
}
