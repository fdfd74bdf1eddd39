/**
 * Addresses of virtual documents: `fusionscope:/MODEL/NAME.gir?model=URI&kind=ir&stage=3`. The path is what a tab shows, the query is what
 * counts. Pure text: no `vscode` here.
 */
import type { TextKind } from "#protocol";

export const scheme = "fusionscope";

export interface StageText {
  readonly view: "text";
  readonly model: string;
  readonly kind: TextKind;
  readonly stage: number;
}

export interface SelectionText {
  readonly view: "selection";
  readonly model: string;
  readonly stage: number;
  readonly nodes: readonly number[];
  readonly sources: readonly number[];
}

export type VirtualText = StageText | SelectionText;

/** Languages of the texts, with the ending their tab shows. */
export const endings: Readonly<Record<string, string>> = {
  "fusionscope-graph": ".gir",
  "fusionscope-tensor": ".tir",
  "fusionscope-asm": ".s",
  cpp: ".cpp",
  plaintext: ".txt",
};

/** The language of a document by its path; the opposite of `endings`. */
export const languageOf = (path: string): string => Object.entries(endings).find(([, ending]) => path.endsWith(ending))?.[0] ?? "plaintext";

/** @param title what the tab shows, without its ending @returns path and query of the address */
export function virtualAddress(text: VirtualText, title: string, language: string): { path: string; query: string } {
  const query = new URLSearchParams({ view: text.view, model: text.model, stage: String(text.stage) });
  if (text.view === "text") query.set("kind", text.kind);
  else {
    query.set("nodes", text.nodes.join(","));
    query.set("sources", text.sources.join(","));
  }
  const name = text.model.split("/").at(-1) ?? "";
  return { path: `/${decoded(name)}/${fileName(title)}${endings[language] ?? ".txt"}`, query: query.toString() };
}

/** What an address asks for; undefined when it is not one of ours. */
export function parseVirtual(query: string): VirtualText | undefined {
  const read = new URLSearchParams(query);
  const model = read.get("model");
  const stage = Number(read.get("stage") ?? NaN);
  if (model === null || !Number.isInteger(stage) || stage < 0) return undefined;
  const kind = read.get("kind");
  if (read.get("view") === "selection")
    return { view: "selection", model, stage, nodes: numbers(read.get("nodes")), sources: numbers(read.get("sources")) };
  return kind === "ir" || kind === "cpp" || kind === "asm" ? { view: "text", model, kind, stage } : undefined;
}

const numbers = (text: string | null): number[] => (text ?? "").split(",").filter(Boolean).map(Number).filter(Number.isInteger);

/** Names of passes and models reach a path here: nothing but plain characters. */
const fileName = (title: string): string => title.replace(/[^\w .()+-]+/g, "_").slice(0, 100);

function decoded(name: string): string {
  try {
    return fileName(decodeURIComponent(name));
  } catch {
    return fileName(name);
  }
}
