/** The Passes view: every pass with what it did; the shown stage is selected, a click shows another one. */
import * as vscode from "vscode";
import type { Level, PassEvent, PassInfo } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature } from "../services.ts";
import { time } from "../text/numbers.ts";
import { documentTree, type Row } from "./document-tree.ts";
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
    const { registry, context } = services;
    const tree = documentTree(services, "fusionscope.passes", ["opened", "generation", "summary", "failed"], rows);
    const follow = (): void => {
      const row = registry.active === undefined ? undefined : tree.find(passKey(registry.active.selection.stage));
      if (row !== undefined && tree.view.visible) tree.view.reveal(row, { select: true, focus: false }).then(undefined, () => {});
    };
    context.subscriptions.push(registry.onDidChangeSelection(follow), tree.view.onDidChangeVisibility(follow));
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
  const item: PassItem = Object.assign(new vscode.TreeItem(pass.name), { stage: pass.index });
  item.id = passKey(pass.index);
  item.tooltip = new vscode.MarkdownString(pass.why);
  item.command = { command: "fusionscope.showStage", title: vscode.l10n.t("Show This Stage"), arguments: [item] };
  item.contextValue = "pass";
  if (!("status" in pass)) return { key: item.id, item };
  const [icon, color] = looks[pass.status];
  item.iconPath = new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
  item.description = describePass(pass);
  item.contextValue = pass.status;
  item.accessibilityInformation = { label: `${pass.name}, ${pass.status}, ${item.description}` };
  if (pass.reason !== undefined) item.tooltip = new vscode.MarkdownString(`${pass.why}\n\n_${escapeMarkdown(pass.reason)}_`);
  return { key: item.id, item };
}

function describePass(pass: PassEvent): string {
  if (pass.status === "skipped") return pass.reason ?? vscode.l10n.t("skipped");
  if (pass.status === "failed") return vscode.l10n.t("failed");
  const ops = pass.opsBefore === pass.opsAfter ? "" : ` · ${pass.opsBefore} → ${pass.opsAfter}`;
  const hits = pass.hits.length === 0 ? "" : ` · ${pass.hits.length}×`;
  return `${time(pass.ms)}${ops}${hits}`;
}

/** Reasons quote names from the model. */
const escapeMarkdown = (text: string): string => text.replace(/[\\`*_{}[\]()#+\-.!<>|~]/g, "\\$&");
