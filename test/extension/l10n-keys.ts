// Every text of the editor and of its page that has a translation: what l10n/bundle.l10n.json must hold.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const literal = '"((?:[^"\\\\]|\\\\.)*)"';

/** The host says it with vscode.l10n.t, always with a plain text. */
const hostText = new RegExp(`l10n\\.t\\(\\s*${literal}`, "g");

/** The page says it with t, or gives it to a control, a panel or a choice, which does. */
const pageTexts = [
  new RegExp(`\\bt\\(\\s*${literal}`, "g"),
  new RegExp(`\\bt\\(\\s*'((?:[^'\\\\]|\\\\.)*)'`, "g"),
  new RegExp(
    `\\b(?:button|checkbox|dropdown|linkButton|textField|searchField|segmented|slider|progressRing)(?:<\\w+>)?\\(\\s*${literal}`,
    "g",
  ),
  new RegExp(`\\b(?:iconButton|toggleButton)\\(\\s*"\\w+",\\s*${literal}`, "g"),
  new RegExp(`\\b(?:label|title): ${literal}`, "g"),
];

function sources(folder: string): { file: string; code: string }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => ({ file, code: readFileSync(path.join(folder, file), "utf8") }));
}

/** Escapes of a literal are those of JSON, or none. */
const spoken = (text: string): string => (JSON.parse(`"${text.replace(/(?<!\\)"/g, '\\"')}"`) as string).trim();

/** Texts that are words: not ids, numbers or single signs. */
const isWords = (text: string): boolean => /[A-Za-z]{2}/.test(text);

/** @param root of the checkout @returns every key, sorted, and the calls of the host that have none */
export function l10nKeys(root: string): { keys: string[]; withoutText: string[] } {
  const host = sources(path.join(root, "extension"));
  const page = sources(path.join(root, "webview"));
  const matches = (code: string, pattern: RegExp): string[] => [...code.matchAll(pattern)].map((m) => spoken(m[1] ?? ""));
  const keys = [
    ...host.flatMap(({ code }) => matches(code, hostText)),
    ...page.flatMap(({ code }) => pageTexts.flatMap((pattern) => matches(code, pattern))),
  ].filter(isWords);
  const withoutText = host.filter(({ code }) => code.split("l10n.t(").length - 1 > matches(code, hostText).length).map(({ file }) => file);
  return { keys: [...new Set(keys)].sort(), withoutText };
}
