/** The Kernels view: each fusion group with its nodes; after a benchmark with its time. */
import * as vscode from "vscode";
import type { GroupInfo } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature } from "../services.ts";
import { time } from "../text/numbers.ts";
import { documentTree, type Row } from "./document-tree.ts";
import type { KernelItem } from "./tree-items.ts";

export const kernelsTree: Feature = {
  activate(services) {
    documentTree(services, "fusionscope.kernels", ["generation", "summary", "bench"], rows, (document) =>
      document.summary?.unsupported.length
        ? vscode.l10n.t("{0} node(s) are not compiled: see Problems.", document.summary.unsupported.length)
        : undefined,
    );
  },
};

function rows(document: ModelDocument): Row[] {
  return (document.summary?.groups ?? []).map((group) => {
    const item = itemOf(group.name, { group: group.id }, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = `group:${group.id}`;
    const ns = document.lastBench?.regions.find((region) => region.group === group.id)?.ns;
    item.description = [group.template, group.phase === "init" ? vscode.l10n.t("once") : "", ns === undefined ? "" : time(ns / 1e6)]
      .filter(Boolean)
      .join(" · ");
    item.tooltip = Object.entries(group.params)
      .map(([name, value]) => `${name} ${value}`)
      .join("\n");
    item.iconPath = new vscode.ThemeIcon(group.phase === "init" ? "history" : "layers");
    item.contextValue = "group";
    return { key: item.id, item, rows: members(document, group) };
  });
}

function members(document: ModelDocument, group: GroupInfo): Row[] {
  const { nodes, values } = document.graphAt(document.lastGraphStage);
  return group.members.map(({ node: id, anchor }) => {
    const node = nodes.get(id);
    const item = itemOf(node?.op ?? String(id), { group: group.id, node: id }, vscode.TreeItemCollapsibleState.None);
    item.id = `node:${group.id}:${id}`;
    const out = values.get(node?.outputs[0] ?? -1);
    item.description = [node?.name ?? "", out === undefined ? "" : `${out.dtype}[${out.shape}]`].filter(Boolean).join(" · ");
    item.tooltip = vscode.l10n.t("computed at {0}", anchor);
    item.iconPath = new vscode.ThemeIcon(id === group.leader ? "star-full" : "symbol-operator");
    item.contextValue = "node";
    return { key: item.id, item };
  });
}

function itemOf(label: string, target: { group: number; node?: number }, state: vscode.TreeItemCollapsibleState): KernelItem {
  const item: KernelItem = Object.assign(new vscode.TreeItem(label, state), target);
  item.command = { command: "fusionscope.showNode", title: vscode.l10n.t("Show in the Graph"), arguments: [item] };
  return item;
}
