/** Hovers on instructions of the assembly: what they do, and what a model of the processor says that they cost. */
import * as vscode from "vscode";
import type { InstructionNote, InstructionNotes } from "#protocol";
import type { Feature, Services } from "../services.ts";
import { parseVirtual, scheme } from "../text/stage-uri.ts";

export const assemblyHover: Feature = {
  activate(services) {
    services.context.subscriptions.push(
      vscode.languages.registerHoverProvider(
        { scheme, language: "fusionscope-asm" },
        { provideHover: async (text, at) => hover(await notesOf(services, text), text, at.line) },
      ),
    );
  },
};

/** Notes on the document's lines; undefined where there are none (yet), or no longer those of this text. */
async function notesOf({ registry }: Services, text: vscode.TextDocument): Promise<InstructionNotes | undefined> {
  const shown = parseVirtual(text.uri.query);
  if (shown?.view !== "text") return undefined;
  const document = registry.acquire(vscode.Uri.parse(shown.model));
  try {
    return document.instructionNotes ?? (await document.text("asm", shown.stage)).notes;
  } catch {
    return undefined; // what is missing was said where the text was opened
  } finally {
    registry.release(document);
  }
}

function hover(notes: InstructionNotes | undefined, text: vscode.TextDocument, line: number): vscode.Hover | undefined {
  const note = notes?.rows[notes.row[line] ?? -1];
  if (notes === undefined || note === undefined) return undefined;
  const content = new vscode.MarkdownString().appendCodeblock(text.lineAt(line).text.trim().slice(0, 200), "fusionscope-asm");
  if (note.does !== undefined) content.appendText(`${note.does[0]?.toUpperCase() ?? ""}${note.does.slice(1)}.`);
  content.appendMarkdown("\n\n").appendText(priceText(note, notes.prices));
  return new vscode.Hover(content, text.lineAt(line).range);
}

function priceText({ price }: InstructionNote, prices: InstructionNotes["prices"]): string {
  if (!prices.valid) return vscode.l10n.t("No costs of instructions: {0}.", prices.why);
  if (price === undefined) return vscode.l10n.t("{0} has no price for it.", prices.tool);
  const units = price.ports.map(({ name, cycles }) => `${name} ${Number(cycles.toPrecision(2))}`).join(", ");
  const said = vscode.l10n.t(
    "Latency: {0} cycles. One every {1} cycles. Micro-operations: {2}.",
    price.latency,
    Number(price.throughput.toPrecision(3)),
    price.operations,
  );
  const busy = units === "" ? "" : ` ${vscode.l10n.t("Units, and for how many cycles: {0}.", units)}`;
  return `${said}${busy} ${vscode.l10n.t("An estimate of {0} for {1}.", prices.tool, prices.model)}`;
}
