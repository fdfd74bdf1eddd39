/** After a sampled benchmark the generated C++ and its assembly show where the time went: a column of shares, marks in the overview ruler. */
import * as vscode from "vscode";
import { heatOf, shareText, type LineHeat, type TextKind } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature, Services } from "../services.ts";
import { parseVirtual, scheme } from "../text/stage-uri.ts";

/** Lines from a tenth of the samples on, from a hundredth on, and the others; the last row has lines without any, which keep the column. */
const levels = [
  { from: 0.1, colour: new vscode.ThemeColor("charts.red"), weight: "bold" },
  { from: 0.01, colour: new vscode.ThemeColor("charts.orange"), weight: "normal" },
  { from: 0, colour: new vscode.ThemeColor("descriptionForeground"), weight: "normal" },
] as const;

/** Of the column, in letters. */
const width = "8ch";
/** Texts with more lines only get their hot ones. */
const mostLines = 50_000;

class HotLines implements vscode.Disposable {
  private readonly hot = levels.map(({ colour, weight, from }) =>
    vscode.window.createTextEditorDecorationType({
      before: { width, color: colour, fontWeight: weight },
      isWholeLine: true,
      ...(from > 0 ? { overviewRulerColor: colour, overviewRulerLane: vscode.OverviewRulerLane.Right } : {}),
      ...(from >= 0.1 ? { backgroundColor: new vscode.ThemeColor("editor.rangeHighlightBackground") } : {}),
    }),
  );
  private readonly cold = vscode.window.createTextEditorDecorationType({ before: { width, contentText: "\u00a0" } });
  private readonly listening: readonly vscode.Disposable[];

  constructor(private readonly services: Services) {
    const { registry } = services;
    this.listening = [
      registry.onDidChangeDocument(({ change }) => (change === "bench" || change === "generation" ? this.drawAll() : undefined)),
      vscode.window.onDidChangeVisibleTextEditors(() => this.drawAll()),
    ];
    this.drawAll();
  }

  private drawAll(): void {
    for (const editor of vscode.window.visibleTextEditors) if (editor.document.uri.scheme === scheme) void this.draw(editor);
  }

  private async draw(editor: vscode.TextEditor): Promise<void> {
    const shown = parseVirtual(editor.document.uri.query);
    if (shown?.view !== "text" || shown.kind === "ir") return;
    const document = this.services.registry.documents.find((one) => one.uri.toString() === shown.model);
    const heat = document === undefined ? new Map<number, LineHeat>() : await heatIn(document, shown.kind, shown.stage);
    const ranges = levels.map((): vscode.DecorationOptions[] => []);
    for (const [line, one] of heat) ranges[levels.findIndex(({ from }) => one.share >= from)]?.push(decoration(line, one));
    this.hot.forEach((type, i) => editor.setDecorations(type, ranges[i] ?? []));
    const { lineCount } = editor.document;
    const others =
      heat.size === 0 || lineCount > mostLines ? [] : Array.from({ length: lineCount }, (_, i) => i).filter((i) => !heat.has(i + 1));
    editor.setDecorations(
      this.cold,
      others.map((i) => new vscode.Range(i, 0, i, 0)),
    );
  }

  dispose(): void {
    for (const disposable of [...this.listening, ...this.hot, this.cold]) disposable.dispose();
  }
}

function decoration(line: number, { share, samples }: LineHeat): vscode.DecorationOptions {
  return {
    range: new vscode.Range(line - 1, 0, line - 1, 0),
    hoverMessage: vscode.l10n.t("{0} of the samples of the last benchmark ({1})", shareText(share), samples),
    renderOptions: { before: { contentText: shareText(share) } },
  };
}

/** Of the last benchmark of the whole model as it is compiled now. */
async function heatIn(document: ModelDocument, kind: TextKind, stage: number): Promise<ReadonlyMap<number, LineHeat>> {
  const { hotSpots } = document;
  if (hotSpots === undefined) return new Map();
  try {
    return heatOf(hotSpots, kind, await document.text(kind, stage));
  } catch {
    return new Map(); // what is missing was said where the text was opened
  }
}

export const hotLines: Feature = {
  activate(services) {
    services.context.subscriptions.push(new HotLines(services));
  },
};
