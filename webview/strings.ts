/**
 * The page's words in the user's language. A text is named by its English words, as in VS Code's own bundles; without a translation it stays as
 * it is. The table lies in the page when it starts, because panels are built before the host says anything.
 */

let table: Readonly<Record<string, string>> = {};

/** Takes the table out of the page's own document. */
export function readStrings(document: Document): void {
  const text = document.getElementById("strings")?.textContent ?? "";
  table = text === "" ? {} : (JSON.parse(text) as Record<string, string>);
}

/** The text in the user's language, with `{0}` and so on replaced. */
export function t(text: string, ...values: readonly (string | number)[]): string {
  const found = Object.hasOwn(table, text) ? (table[text] ?? text) : text;
  return found.replace(/\{(\d+)\}/g, (whole, i: string) => String(values[Number(i)] ?? whole));
}
