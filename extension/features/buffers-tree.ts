/** The Buffers view: what lies in memory, by scope, biggest first, with its lifetime. */
import * as vscode from "vscode";
import type { BufferInfo } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature } from "../services.ts";
import { bytes } from "../text/numbers.ts";
import { documentTree, type Row } from "./document-tree.ts";
import type { BufferItem } from "./tree-items.ts";

/** Titles of the scopes, in the order shown. A scope that is not named here shows under its own name. */
const titles: Readonly<Record<string, () => string>> = {
  arena: () => vscode.l10n.t("Arena"),
  thread: () => vscode.l10n.t("Per thread"),
  packed: () => vscode.l10n.t("Packed constants"),
  weight: () => vscode.l10n.t("Weights"),
  input: () => vscode.l10n.t("Inputs"),
  output: () => vscode.l10n.t("Outputs"),
};

export const buffersTree: Feature = {
  activate(services) {
    documentTree(services, "fusionscope.buffers", ["generation", "summary"], rows, ({ summary }) =>
      summary === undefined
        ? undefined
        : vscode.l10n.t("Arena {0}, without reuse {1}", bytes(summary.arenaBytes), bytes(summary.arenaBytesWithoutReuse)),
    );
  },
};

function rows(document: ModelDocument): Row[] {
  const all = document.summary?.buffers ?? [];
  const scopes = [...new Set([...Object.keys(titles), ...all.map((buffer) => buffer.scope)])];
  return scopes.flatMap((scope) => {
    const own = all.filter((buffer) => buffer.scope === scope);
    if (own.length === 0) return [];
    const item = new vscode.TreeItem(
      titles[scope]?.() ?? scope,
      scope === "arena" ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed,
    );
    item.id = `scope:${scope}`;
    item.description = String(own.length);
    return [{ key: item.id, item, rows: [...own].sort((a, b) => b.bytes - a.bytes || a.id - b.id).map(bufferRow) }];
  });
}

function bufferRow(buffer: BufferInfo): Row<BufferItem> {
  const item: BufferItem = Object.assign(new vscode.TreeItem(buffer.name), { buffer: buffer.id });
  item.id = `buffer:${buffer.id}`;
  const placed =
    buffer.scope === "arena" ? ` · @${buffer.offset} · ${vscode.l10n.t("steps {0}–{1}", buffer.firstStep, buffer.lastStep)}` : "";
  item.description = `${bytes(buffer.bytes)} · ${buffer.dtype}[${buffer.shape.join("x")}]${placed}`;
  item.iconPath = new vscode.ThemeIcon(buffer.reuses.length > 0 ? "references" : "database");
  if (buffer.reuses.length > 0) item.tooltip = vscode.l10n.t("takes the place of {0} buffer(s)", buffer.reuses.length);
  item.command = { command: "fusionscope.showBuffer", title: vscode.l10n.t("Show in the Memory Plan"), arguments: [item] };
  return { key: item.id, item };
}
