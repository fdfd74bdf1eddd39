/** Problems: what is not compiled as warnings, refused fusions that cost something as information. A row's code is a link to its node. */
import * as vscode from "vscode";
import type { CompilationSummary } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature } from "../services.ts";
import { lostFusionsSetting, touchesProblems } from "../settings.ts";
import { bytes, digits } from "../text/numbers.ts";
import { plain } from "../text/plain.ts";
import { lostFusions, notCompiled, type LostFusion, type NotCompiled } from "../text/problem-list.ts";
import { linkTo } from "./links.ts";

export const problems: Feature = {
  activate({ context, registry }) {
    const collection = vscode.languages.createDiagnosticCollection("fusionscope");
    const show = (document: ModelDocument): void => {
      const { summary, failed } = document;
      if (summary !== undefined) collection.set(document.uri, diagnostics(document, summary, context.extension.id));
      else if (failed !== undefined)
        collection.set(document.uri, [diagnostic(failed.message, failed.code, vscode.DiagnosticSeverity.Error)]);
    };
    context.subscriptions.push(
      collection,
      registry.onDidChangeDocument(({ document, change }) => {
        if (change === "summary" || change === "failed") show(document);
      }),
      registry.onDidCloseDocument((document) => collection.delete(document.uri)),
      vscode.workspace.onDidChangeConfiguration((e) => {
        if (touchesProblems(e)) registry.documents.forEach(show);
      }),
    );
  },
};

function diagnostics(document: ModelDocument, summary: CompilationSummary, extension: string): vscode.Diagnostic[] {
  const link = (node: string | undefined): vscode.Uri | undefined =>
    node === undefined ? undefined : linkTo(extension, { model: document.uri.toString(), stage: document.lastGraphStage, node });
  const holes = notCompiled(summary).map((row) =>
    diagnostic(holeText(row), "not-compiled", vscode.DiagnosticSeverity.Warning, link(row.nodes[0])),
  );
  const lost = lostFusions(summary, document.graphAt(document.lastGraphStage), lostFusionsSetting(document.uri)).map((row) =>
    diagnostic(lostText(row), row.rule, vscode.DiagnosticSeverity.Information, link(summary.sources[row.largest[0]?.source ?? -1]?.path)),
  );
  return [...holes, ...lost];
}

function holeText({ opType, reason, called, nodes }: NotCompiled): string {
  const what = called ? vscode.l10n.t("not compiled, runs on ONNX Runtime") : vscode.l10n.t("not compiled, and nobody runs it");
  const first = nodes.slice(0, 3).join(", ");
  const which = nodes.length <= 3 ? first : vscode.l10n.t("{0} and {1} more", first, nodes.length - 3);
  return `${which} ${opType}: ${what}: ${reason}`;
}

function lostText({ because, edges, bytes: lost, share, largest }: LostFusion): string {
  const count = edges === 1 ? vscode.l10n.t("1 fusion refused") : vscode.l10n.t("{0} fusions refused", edges);
  const cost = Number.isFinite(share)
    ? vscode.l10n.t("{0} go through memory, {1} % of what a run moves", bytes(lost), digits(share * 100))
    : vscode.l10n.t("{0} go through memory", bytes(lost));
  const most = largest.map((one) => `${one.edge} (${bytes(one.bytes)})`).join(", ");
  return `${count}, ${cost}: ${because}. ${vscode.l10n.t("Largest: {0}", most)}`;
}

/** A model has no lines: everything is at its beginning. */
function diagnostic(message: string, code: string, severity: vscode.DiagnosticSeverity, link?: vscode.Uri): vscode.Diagnostic {
  const found = new vscode.Diagnostic(new vscode.Range(0, 0, 0, 0), plain(message, 2000), severity);
  found.source = "fusionscope";
  found.code = link === undefined ? code : { value: code, target: link };
  return found;
}
