/** The Kernels view: each fusion group with its nodes; after a benchmark with its time. */
import * as vscode from "vscode";
import type { BenchResult, GroupInfo } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import { operatorOf } from "../document/stage-names.ts";
import type { Feature } from "../services.ts";
import { bytes, digits, time } from "../text/numbers.ts";
import { plain } from "../text/plain.ts";
import { documentTree, type Row } from "./document-tree.ts";
import { followSelection } from "./follow-selection.ts";
import { tooltip } from "./tooltip.ts";
import type { KernelItem } from "./tree-items.ts";

export const kernelsTree: Feature = {
  activate(services) {
    const tree = documentTree(services, "fusionscope.kernels", ["generation", "summary", "bench"], rows, coverageLine);
    followSelection(services, tree, ({ document, selection }) => keyOf(document, selection.nodes));
  },
};

/** The row of the selected node, or of the group that all selected nodes are in. */
function keyOf({ summary }: ModelDocument, nodes: readonly number[]): string | undefined {
  const groupOf = (node: number): GroupInfo | undefined =>
    summary?.groups.find(({ members }) => members.some((member) => member.node === node));
  const group = groupOf(nodes[0] ?? -1);
  if (group === undefined) return undefined;
  if (nodes.length === 1) return `node:${group.id}:${nodes[0]}`;
  return nodes.slice(0, 100).every((node) => groupOf(node) === group) ? `group:${group.id}` : undefined;
}

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
        .join("; ")
    : undefined;

/** Regions of a benchmark of the model; groups of a part that was measured alone are others, with the same numbers. */
const measured = ({ lastBench }: ModelDocument): BenchResult["regions"] => (lastBench?.scope === "model" ? lastBench.regions : []);

function rows(document: ModelDocument): Row[] {
  return (document.summary?.groups ?? []).map((group) => {
    const item = itemOf(labelOf(document, group), { group: group.id }, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = `group:${group.id}`;
    const ns = measured(document).find((region) => region.group === group.id)?.ns;
    const hole = holeReason(document, group);
    const template = hole === undefined ? group.template : "ONNX Runtime";
    item.description = [template, group.phase === "init" ? vscode.l10n.t("once") : "", ns === undefined ? "" : time(ns / 1e6)]
      .filter(Boolean)
      .join(" · ");
    item.tooltip = groupTooltip(document, group, hole, ns);
    item.iconPath =
      hole === undefined
        ? new vscode.ThemeIcon(group.phase === "init" ? "history" : "layers")
        : new vscode.ThemeIcon("circle-large-outline", new vscode.ThemeColor("editorWarning.foreground"));
    item.contextValue = "group";
    return { key: item.id, item, rows: members(document, group) };
  });
}

function groupTooltip(document: ModelDocument, group: GroupInfo, hole: string | undefined, ns: number | undefined): vscode.MarkdownString {
  const regions = measured(document);
  const all = regions.reduce((sum, region) => sum + region.ns, 0);
  const { nodes } = document.graphAt(document.lastGraphStage);
  const sum = (of: "flops" | "bytes"): number => group.members.reduce((total, { node }) => total + (nodes.get(node)?.[of] ?? NaN), 0);
  const facts: [string, string][] = [
    [vscode.l10n.t("template"), hole === undefined ? group.template : "ONNX Runtime"],
    [vscode.l10n.t("time"), ns === undefined ? "" : `${time(ns / 1e6)}, ${digits((ns / all) * 100)} %`],
    [vscode.l10n.t("nodes"), String(group.members.length)],
    [vscode.l10n.t("operations"), Number.isFinite(sum("flops")) ? sum("flops").toLocaleString("en") : ""],
    [vscode.l10n.t("read and written alone"), Number.isFinite(sum("bytes")) ? bytes(sum("bytes")) : ""],
    ...Object.entries(group.params).map(([name, value]): [string, string] => [name, String(value)]),
  ];
  return tooltip(
    labelOf(document, group),
    facts,
    hole === undefined ? "" : `${vscode.l10n.t("not compiled, runs on ONNX Runtime")}: ${hole}`,
  );
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
    item.description = plain([node?.name ?? "", out === undefined ? "" : `${out.dtype}[${out.shape}]`].filter(Boolean).join(" · "));
    item.tooltip = tooltip(node === undefined ? String(id) : operatorOf(node), [
      [vscode.l10n.t("name"), node?.name ?? ""],
      [vscode.l10n.t("computed at"), anchor],
      [vscode.l10n.t("from"), (node?.origin ?? []).map((source) => document.summary?.sources[source]?.path ?? "").join(", ")],
      [vscode.l10n.t("result"), out === undefined ? "" : `${out.dtype}[${out.shape}] ${out.layout}`.trim()],
    ]);
    item.iconPath = new vscode.ThemeIcon(id === group.leader ? "star-full" : "symbol-operator");
    item.contextValue = "node";
    return { key: item.id, item };
  });
}

function itemOf(label: string, target: { group: number; node?: number }, state: vscode.TreeItemCollapsibleState): KernelItem {
  const item: KernelItem = Object.assign(new vscode.TreeItem(plain(label), state), target);
  item.command = { command: "fusionscope.showNode", title: vscode.l10n.t("Show in the Graph"), arguments: [item] };
  return item;
}
