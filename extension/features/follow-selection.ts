/** A native tree shows the row of what the active page has selected. */
import type { OpenPanel } from "../document/registry.ts";
import type { Services } from "../services.ts";
import type { DocumentTree } from "./document-tree.ts";

/** @param keyOf row of a panel's selection; undefined: none. The focus stays where it is. */
export function followSelection(
  { registry, context }: Services,
  tree: DocumentTree,
  keyOf: (panel: OpenPanel) => string | undefined,
): void {
  const follow = (): void => {
    const key = registry.active === undefined || !tree.view.visible ? undefined : keyOf(registry.active);
    const row = key === undefined ? undefined : tree.find(key);
    if (row !== undefined) tree.view.reveal(row, { select: true, focus: false }).then(undefined, () => {});
  };
  context.subscriptions.push(registry.onDidChangeSelection(follow), tree.view.onDidChangeVisibility(follow));
}
