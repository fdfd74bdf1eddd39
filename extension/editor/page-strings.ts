/** Texts of the page in the user's language, by key. Keys without a translation stay as the page has them. */
import * as vscode from "vscode";

export const pageStrings = (): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(vscode.l10n.bundle ?? {}).filter(([, text]) => typeof text === "string"));
