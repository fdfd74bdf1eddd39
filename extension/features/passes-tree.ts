/** The Passes view: every pass with what it did; the shown stage is selected, a click shows another one. */
import * as vscode from "vscode";
import type { Level, PassEvent, PassInfo } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature } from "../services.ts";
import { time } from "../text/numbers.ts";
import { plain } from "../text/plain.ts";
import { documentTree, type Row } from "./document-tree.ts";
import { followSelection } from "./follow-selection.ts";
import { tooltip } from "./tooltip.ts";
import type { PassItem } from "./tree-items.ts";

const levels: readonly { readonly level: Level; readonly title: () => string }[] = [
  { level: "import", title: () => vscode.l10n.t("Import") },
  { level: "graph", title: () => vscode.l10n.t("Graph") },
  { level: "lower", title: () => vscode.l10n.t("Lowering") },
  { level: "tensor", title: () => vscode.l10n.t("Loops") },
  { level: "code", title: () => vscode.l10n.t("Code") },
];

/** Icon and colour of a status. Shape and colour both say it. */
const looks: Readonly<Record<PassEvent["status"], readonly [icon: string, color?: string]>> = {
  changed: ["circle-filled", "fusionscope.changed"],
  same: ["circle-outline"],
  skipped: ["circle-slash", "disabledForeground"],
  failed: ["error", "errorForeground"],
};

export const passesTree: Feature = {
  activate(services) {
    const tree = documentTree(services, "fusionscope.passes", ["opened", "generation", "summary", "failed"], rows);
    followSelection(services, tree, ({ selection }) => passKey(selection.stage));
  },
};

const passKey = (stage: number): string => `pass:${stage}`;

function rows(document: ModelDocument): Row[] {
  const passes: readonly (PassInfo | PassEvent)[] = document.summary?.passes ?? document.machine?.passes ?? [];
  void vscode.commands.executeCommand("setContext", "fusionscope.hasPasses", passes.length > 0);
  return levels.flatMap(({ level, title }): Row[] => {
    const own: Row[] = passes.filter((pass) => pass.level === level).map(passRow);
    if (own.length < 2) return own;
    const item = new vscode.TreeItem(title(), vscode.TreeItemCollapsibleState.Expanded);
    item.id = `level:${level}`;
    return [{ key: item.id, item, rows: own }];
  });
}

function passRow(pass: PassInfo | PassEvent): Row<PassItem> {
  const item: PassItem = Object.assign(new vscode.TreeItem(pass.name), { stage: pass.index, pass: pass.name });
  item.id = passKey(pass.index);
  item.tooltip = passTooltip(pass);
  item.command = { command: "fusionscope.showStage", title: vscode.l10n.t("Show This Stage"), arguments: [item] };
  item.contextValue = "pass";
  if (!("status" in pass)) return { key: item.id, item };
  const [icon, color] = looks[pass.status];
  item.iconPath = new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
  item.description = describePass(pass);
  // Menus ask for the status and for `optional`.
  item.contextValue = pass.optional ? `${pass.status} optional` : pass.status;
  item.accessibilityInformation = { label: `${pass.name}, ${pass.status}, ${item.description}` };
  return { key: item.id, item };
}

function describePass(pass: PassEvent): string {
  if (pass.status === "skipped") return plain(pass.reason ?? vscode.l10n.t("skipped"));
  if (pass.status === "failed") return vscode.l10n.t("failed");
  const ops = pass.opsBefore === pass.opsAfter ? "" : ` · ${pass.opsBefore} → ${pass.opsAfter}`;
  const hits = pass.hits.length === 0 ? "" : ` · ${pass.hits.length}×`;
  return `${time(pass.ms)}${ops}${hits}`;
}

/** What the pass is for and what it did here: each rule with the number of times it fired. */
function passTooltip(pass: PassInfo | PassEvent): vscode.MarkdownString {
  const optional: [string, string] = [vscode.l10n.t("optional"), pass.optional ? vscode.l10n.t("yes: it can be switched off") : ""];
  if (!("status" in pass)) return tooltip(pass.name, [optional], pass.why);
  const rules = new Map<string, number>();
  for (const { rule } of pass.hits) rules.set(rule, (rules.get(rule) ?? 0) + 1);
  const facts: [string, string][] = [
    [vscode.l10n.t("time"), time(pass.ms)],
    [vscode.l10n.t("operators"), `${pass.opsBefore} → ${pass.opsAfter}`],
    ...[...rules].slice(0, 12).map(([rule, count]): [string, string] => [rule, `${count}×`]),
    [vscode.l10n.t("reason"), pass.reason ?? ""],
    optional,
  ];
  return tooltip(pass.name, facts, pass.why);
}
