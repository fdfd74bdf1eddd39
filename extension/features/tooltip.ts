/** Tooltips of the native trees: a title and a table of facts, in which everything is text. */
import * as vscode from "vscode";
import { plain } from "../text/plain.ts";

/** @param facts names with values; empty values are left out */
export function tooltip(title: string, facts: readonly (readonly [name: string, value: string])[], note = ""): vscode.MarkdownString {
  const content = new vscode.MarkdownString("**").appendText(plain(title)).appendMarkdown("**");
  const rows = facts.filter(([, value]) => value !== "");
  if (rows.length > 0) content.appendMarkdown("\n\n| | |\n|:--|:--|");
  for (const [name, value] of rows) {
    content.appendMarkdown("\n| ").appendText(plain(name)).appendMarkdown(" | ").appendText(cell(value)).appendMarkdown(" |");
  }
  if (note !== "") content.appendMarkdown("\n\n").appendText(plain(note, 2000));
  return content;
}

/** A bar would end the cell. */
const cell = (text: string): string => plain(text, 1000).replaceAll("|", "¦");
