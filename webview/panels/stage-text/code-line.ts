/** One line of a stage's text: coloured as its language, with the part that differs marked. */
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { tokens, type Token } from "../kernels/syntax.ts";

/** Characters before tabs and hidden characters are replaced stay where they are: one for one. */
export const lineText = (line: string): string => visible(line.replaceAll("\t", "    "));

/** @param differs stretch to mark, from and to */
export function codeLine(line: string, language: "ir" | "cpp", differs?: readonly [number, number]): HTMLElement {
  const code = el("span", { class: "code-text" });
  let at = 0;
  for (const token of tokens(line, language)) {
    for (const [text, marked] of cut(token, at, differs)) {
      const part = token.kind === "" ? text : el("span", { class: `t-${token.kind}` }, text);
      code.append(marked ? el("mark", { class: "differs" }, part) : part);
    }
    at += token.text.length;
  }
  if (line.trim() === "") code.append(el("span", { class: "for-readers" }, "blank line"));
  return code;
}

function cut({ text }: Token, at: number, differs: readonly [number, number] | undefined): (readonly [string, boolean])[] {
  if (!differs) return [[text, false]];
  const [from, to] = differs.map((place) => Math.min(text.length, Math.max(0, place - at))) as [number, number];
  const parts: (readonly [string, boolean])[] = [
    [text.slice(0, from), false],
    [text.slice(from, to), true],
    [text.slice(to), false],
  ];
  return parts.filter(([part]) => part !== "");
}
