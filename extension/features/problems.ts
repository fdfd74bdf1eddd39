/** Problems: nodes that are not compiled as warnings, fusions that were refused as information. */
import * as vscode from "vscode";
import type { CompilationSummary } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import { operatorOf } from "../document/stage-names.ts";
import type { Feature } from "../services.ts";

export const problems: Feature = {
  activate({ context, registry }) {
    const collection = vscode.languages.createDiagnosticCollection("fusionscope");
    context.subscriptions.push(
      collection,
      registry.onDidChangeDocument(({ document, change }) => {
        if (change === "summary" && document.summary !== undefined) collection.set(document.uri, diagnostics(document, document.summary));
        else if (change === "failed" && document.failed !== undefined && document.summary === undefined)
          collection.set(document.uri, [diagnostic(document.failed.message, document.failed.code, vscode.DiagnosticSeverity.Error)]);
      }),
      registry.onDidCloseDocument((document) => collection.delete(document.uri)),
    );
  },
};

function diagnostics(document: ModelDocument, summary: CompilationSummary): vscode.Diagnostic[] {
  const called = new Set((summary.holes ?? []).flatMap((hole) => hole.nodes.map(({ node }) => node)));
  const unsupported = summary.unsupported.map(({ node, opType, reason }) => {
    const what = called.has(node) ? vscode.l10n.t("not compiled, runs on ONNX Runtime") : vscode.l10n.t("not compiled, and nobody runs it");
    return diagnostic(`${node} ${opType}: ${what}: ${reason}`, "not-compiled", vscode.DiagnosticSeverity.Warning);
  });
  const { nodes } = document.graphAt(document.lastGraphStage);
  const name = (id: number): string => {
    const node = nodes.get(id);
    return node === undefined ? `node ${id}` : operatorOf(node);
  };
  const lost = summary.verdicts
    .filter((verdict) => verdict.subject === "fusion" && !verdict.accepted)
    .map((verdict) =>
      diagnostic(`${verdict.nodes.map(name).join(" → ")}: ${verdict.because}`, verdict.rule, vscode.DiagnosticSeverity.Information),
    );
  return [...unsupported, ...lost];
}

/** A model has no lines: everything is at its beginning. */
function diagnostic(message: string, code: string, severity: vscode.DiagnosticSeverity): vscode.Diagnostic {
  const found = new vscode.Diagnostic(new vscode.Range(0, 0, 0, 0), message, severity);
  found.source = "fusionscope";
  found.code = code;
  return found;
}
