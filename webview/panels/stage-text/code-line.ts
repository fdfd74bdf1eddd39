/** One line of a stage's text: coloured as its language, with the part that differs marked. */
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import type { Range } from "../../model/line-diff.ts";
import { tokens, type Token } from "../kernels/syntax.ts";

/** Characters before tabs and hidden characters are replaced stay where they are: one for one. */
export const lineText = (line: string): string => visible(line.replaceAll("\t", "    "));

/** @param differs stretches to mark, in order */
export function codeLine(line: string, language: "ir" | "cpp", differs: readonly Range[]): HTMLElement {
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

/** A token in pieces: which of them lie in a stretch that differs. */
function cut({ text }: Token, at: number, differs: readonly Range[]): (readonly [string, boolean])[] {
  const parts: (readonly [string, boolean])[] = [];
  let done = 0;
  for (const [from, end] of differs) {
    const [first, last] = [Math.max(done, from - at), Math.min(text.length, end - at)];
    if (last <= first) continue;
    parts.push([text.slice(done, first), false], [text.slice(first, last), true]);
    done = last;
  }
  parts.push([text.slice(done), false]);
  return parts.filter(([part]) => part !== "");
}
