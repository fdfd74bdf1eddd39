/** The Kernels view: each fusion group with its nodes; after a benchmark with its time. */
import * as vscode from "vscode";
import type { GroupInfo } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import { operatorOf } from "../document/stage-names.ts";
import type { Feature } from "../services.ts";
import { time } from "../text/numbers.ts";
import { documentTree, type Row } from "./document-tree.ts";
import type { KernelItem } from "./tree-items.ts";

export const kernelsTree: Feature = {
  activate(services) {
    documentTree(services, "fusionscope.kernels", ["generation", "summary", "bench"], rows, coverageLine);
  },
};

/** What is not compiled, in the line above the kernels. */
function coverageLine({ summary }: ModelDocument): string | undefined {
  if (summary === undefined || summary.unsupported.length === 0) return undefined;
  const { coverage } = summary;
  if (coverage === undefined) return vscode.l10n.t("{0} node(s) are not compiled: see Problems.", summary.unsupported.length);
  return vscode.l10n.t("{0} of {1} nodes are compiled: see Problems.", coverage.compiledNodes, coverage.nodes);
}

/** The template of a group that is one call of ONNX Runtime, and why it is. */
const holeReason = (document: ModelDocument, group: GroupInfo): string | undefined =>
  group.template === "hole"
    ? (document.summary?.holes?.find((hole) => hole.group === group.id)?.nodes ?? [])
        .map(({ node, opType, reason }) => `${node} ${opType}: ${reason}`)
        .join("\n")
    : undefined;

function rows(document: ModelDocument): Row[] {
  return (document.summary?.groups ?? []).map((group) => {
    const item = itemOf(labelOf(document, group), { group: group.id }, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = `group:${group.id}`;
    const ns = document.lastBench?.regions.find((region) => region.group === group.id)?.ns;
    const hole = holeReason(document, group);
    const template = hole === undefined ? group.template : "ONNX Runtime";
    item.description = [template, group.phase === "init" ? vscode.l10n.t("once") : "", ns === undefined ? "" : time(ns / 1e6)]
      .filter(Boolean)
      .join(" · ");
    const params = Object.entries(group.params).map(([name, value]) => `${name} ${value}`);
    item.tooltip = hole === undefined ? params.join("\n") : `${vscode.l10n.t("not compiled, runs on ONNX Runtime")}\n${hole}`;
    item.iconPath =
      hole === undefined
        ? new vscode.ThemeIcon(group.phase === "init" ? "history" : "layers")
        : new vscode.ThemeIcon("circle-large-outline", new vscode.ThemeColor("editorWarning.foreground"));
    item.contextValue = "group";
    return { key: item.id, item, rows: members(document, group) };
  });
}

/** A call of ONNX Runtime is named after what it runs. */
function labelOf({ summary }: ModelDocument, group: GroupInfo): string {
  const nodes = summary?.holes?.find((hole) => hole.group === group.id)?.nodes ?? [];
  return nodes.length === 0 ? group.name : [...new Set(nodes.map(({ opType }) => opType))].join(", ");
}

function members(document: ModelDocument, group: GroupInfo): Row[] {
  const { nodes, values } = document.graphAt(document.lastGraphStage);
  return group.members.map(({ node: id, anchor }) => {
    const node = nodes.get(id);
    const item = itemOf(
      node === undefined ? String(id) : operatorOf(node),
      { group: group.id, node: id },
      vscode.TreeItemCollapsibleState.None,
    );
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
