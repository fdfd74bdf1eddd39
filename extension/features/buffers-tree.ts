/** The Buffers view: what lies in memory, by scope, biggest first, with its lifetime. */
import * as vscode from "vscode";
import type { BufferInfo } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature } from "../services.ts";
import { bytes } from "../text/numbers.ts";
import { plain } from "../text/plain.ts";
import { documentTree, type Row } from "./document-tree.ts";
import { followSelection } from "./follow-selection.ts";
import { tooltip } from "./tooltip.ts";
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
    const tree = documentTree(services, "fusionscope.buffers", ["generation", "summary"], rows, ({ summary }) =>
      summary === undefined
        ? undefined
        : vscode.l10n.t("Arena {0}, without reuse {1}", bytes(summary.arenaBytes), bytes(summary.arenaBytesWithoutReuse)),
    );
    followSelection(services, tree, ({ document, selection }) => keyOf(document, selection.stage, selection.nodes));
  },
};

/** The row of the buffer that the selected node writes. */
function keyOf(document: ModelDocument, stage: number, nodes: readonly number[]): string | undefined {
  const values = nodes.length === 1 ? (document.graphAt(stage).nodes.get(nodes[0] ?? -1)?.outputs ?? []) : [];
  const written = document.summary?.buffers.find(({ value }) => value !== undefined && values.includes(value));
  return written && `buffer:${written.id}`;
}

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
    return [
      { key: item.id, item, rows: [...own].sort((a, b) => b.bytes - a.bytes || a.id - b.id).map((buffer) => bufferRow(document, buffer)) },
    ];
  });
}

function bufferRow({ summary }: ModelDocument, buffer: BufferInfo): Row<BufferItem> {
  const item: BufferItem = Object.assign(new vscode.TreeItem(plain(buffer.name)), { buffer: buffer.id });
  item.id = `buffer:${buffer.id}`;
  item.contextValue = "buffer";
  const placed =
    buffer.scope === "arena" ? ` · @${buffer.offset} · ${vscode.l10n.t("steps {0}–{1}", buffer.firstStep, buffer.lastStep)}` : "";
  item.description = `${bytes(buffer.bytes)} · ${buffer.dtype}[${buffer.shape.join("x")}]${placed}`;
  item.iconPath = new vscode.ThemeIcon(buffer.reuses.length > 0 ? "references" : "database");
  const names = (ids: readonly number[], of: readonly { id: number; name: string }[]): string =>
    ids.map((id) => of.find((one) => one.id === id)?.name ?? String(id)).join(", ");
  item.tooltip = tooltip(buffer.name, [
    [vscode.l10n.t("type"), `${buffer.dtype}[${buffer.shape.join(", ")}]`],
    [vscode.l10n.t("size"), bytes(buffer.bytes)],
    [vscode.l10n.t("place"), buffer.scope === "arena" ? vscode.l10n.t("{0} bytes into the arena", buffer.offset) : buffer.scope],
    [vscode.l10n.t("lives"), buffer.scope === "arena" ? vscode.l10n.t("steps {0}–{1}", buffer.firstStep, buffer.lastStep) : ""],
    [vscode.l10n.t("takes the place of"), names(buffer.reuses, summary?.buffers ?? [])],
    [vscode.l10n.t("kernels"), names(buffer.groups, summary?.groups ?? [])],
  ]);
  item.command = { command: "fusionscope.showBuffer", title: vscode.l10n.t("Show in the Memory Plan"), arguments: [item] };
  return { key: item.id, item };
}
