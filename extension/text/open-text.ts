/** Opens texts of a compilation as read-only documents: alone, or two stages side by side in VS Code's diff editor. */
import * as vscode from "vscode";
import type { TextKind } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import { languageOf, scheme, virtualAddress, type VirtualText } from "./stage-uri.ts";

/** Opens a text; `line` counts from 1. Throws the coded error of a text that cannot be had. */
export async function openStageText(
  document: ModelDocument,
  kind: TextKind,
  stage: number,
  line?: number,
  column?: vscode.ViewColumn,
): Promise<void> {
  const uri = await stageUri(document, kind, stage);
  const editor = await show(uri, column);
  if (line !== undefined && line >= 1) goTo(editor, line, vscode.TextEditorRevealType.AtTop);
}

/** Where a header of the native library lies, by its path below `native`. @param dist folder of the bundles */
export const headerUri = (dist: string, file: string): vscode.Uri =>
  vscode.Uri.joinPath(vscode.Uri.file(dist), "..", "native", ...file.split("/"));

/** Opens a header of the native library beside the inspector, at a line from 1. */
export async function openHeader(dist: string, file: string, line: number): Promise<void> {
  const text = await vscode.workspace.openTextDocument(headerUri(dist, file));
  const editor = await vscode.window.showTextDocument(text, { preview: true, viewColumn: vscode.ViewColumn.Beside });
  goTo(editor, line, vscode.TextEditorRevealType.InCenter);
}

function goTo(editor: vscode.TextEditor, line: number, reveal: vscode.TextEditorRevealType): void {
  const at = new vscode.Position(line - 1, 0);
  editor.selection = new vscode.Selection(at, at);
  editor.revealRange(new vscode.Range(at, at), reveal);
}

export async function openStageDiff(document: ModelDocument, left: number, right: number): Promise<void> {
  const uris = await Promise.all([stageUri(document, "ir", left), stageUri(document, "ir", right)]);
  const title = `${document.name}: ${stageTitle(document, left)} ↔ ${stageTitle(document, right)}`;
  await vscode.commands.executeCommand("vscode.diff", uris[0], uris[1], title, { preview: true });
}

export async function openSelectionText(
  document: ModelDocument,
  selection: { stage: number; nodes: readonly number[]; sources: readonly number[] },
): Promise<void> {
  await show(virtualUri({ view: "selection", model: document.uri.toString(), ...selection }, "selection", "plaintext"));
}

/** Two digits and the name of the pass, so that tabs sort as the pipeline runs. */
export function stageTitle(document: ModelDocument, stage: number): string {
  const pass = document.summary?.passes.find((p) => p.index === stage) ?? document.machine?.passes.find((p) => p.index === stage);
  return `${String(stage).padStart(2, "0")} ${pass?.name ?? (stage === 0 ? "import" : "stage")}`;
}

async function stageUri(document: ModelDocument, kind: TextKind, stage: number): Promise<vscode.Uri> {
  const { language } = await document.text(kind, stage);
  const title = kind === "ir" ? stageTitle(document, stage) : kind === "cpp" ? "generated" : "assembly";
  return virtualUri({ view: "text", model: document.uri.toString(), kind, stage }, title, language);
}

const virtualUri = (text: VirtualText, title: string, language: string): vscode.Uri =>
  vscode.Uri.from({ scheme, ...virtualAddress(text, title, language) });

async function show(uri: vscode.Uri, column?: vscode.ViewColumn): Promise<vscode.TextEditor> {
  const text = await vscode.workspace.openTextDocument(uri);
  const language = languageOf(uri.path);
  if (text.languageId !== language) await vscode.languages.setTextDocumentLanguage(text, language);
  return vscode.window.showTextDocument(text, { preview: true, ...(column === undefined ? {} : { viewColumn: column }) });
}
