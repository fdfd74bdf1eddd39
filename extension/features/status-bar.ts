/** One item: what the active model is compiled for, and its last time. A click changes the options. */
import * as vscode from "vscode";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature } from "../services.ts";
import { benchText } from "./benchmark.ts";

export const statusBar: Feature = {
  activate({ context, registry }) {
    const item = vscode.window.createStatusBarItem("fusionscope.status", vscode.StatusBarAlignment.Right, 100);
    item.name = "Fusionscope";
    item.command = "fusionscope.setOptions";
    const update = (): void => {
      const document = registry.active?.document;
      if (document === undefined) return item.hide();
      item.text = text(document);
      item.tooltip = tooltip(document);
      item.show();
    };
    context.subscriptions.push(
      item,
      registry.onDidChangeActive(update),
      registry.onDidChangeDocument(({ document, change }) => {
        if (change !== "stage" && document === registry.active?.document) update();
      }),
    );
  },
};

function text(document: ModelDocument): string {
  const { isa, options, lastBench, busy, failed } = document;
  const icon = busy !== undefined ? "$(sync~spin)" : failed !== undefined ? "$(error)" : "$(circuit-board)";
  const threads = options.threads === 1 ? vscode.l10n.t("1 thread") : vscode.l10n.t("{0} threads", options.threads);
  return [`${icon} ${isa}`, threads, ...(lastBench === undefined ? [] : [benchText(lastBench)])].join(" · ");
}

function tooltip({ name, failed, lastBench, options, summary }: ModelDocument): string {
  const lines = [name, vscode.l10n.t("precision {0}", options.precision)];
  const coverage = summary?.coverage;
  if (coverage !== undefined) lines.push(vscode.l10n.t("{0} of {1} nodes compiled", coverage.compiledNodes, coverage.nodes));
  if (failed !== undefined) lines.push(`error[${failed.code}]: ${failed.message}`);
  if (lastBench !== undefined)
    lines.push(
      vscode.l10n.t("median of {0} runs, 95 % interval {1}–{2} ms", lastBench.ours.runs, lastBench.ours.ci95[0], lastBench.ours.ci95[1]),
    );
  lines.push(vscode.l10n.t("Click to change the compile options"));
  return lines.join("\n");
}
