/** Splits the text form of the Tensor IR into tokens. */
import { bug } from "../messages.ts";

export interface Token {
  readonly kind: "name" | "number" | "string" | "sign" | "end";
  readonly text: string;
  readonly line: number;
}

const shapes: readonly (readonly [Token["kind"] | "skip", RegExp])[] = [
  ["skip", /(?:\s+|\/\/[^\n]*)+/y],
  ["number", /\d+(?:\.\d+)?(?:e[+-]?\d+)?n?/y],
  ["sign", /(?:min=|max=)/y],
  ["name", /[A-Za-z_][A-Za-z0-9_.]*/y],
  ["string", /"(?:[^"\\]|\\.)*"/y],
  ["sign", /(?:\.\.|:=|\+=|\*=|==|!=|<=|>=|<<|>>|%%|[-+*/%#<>=|&^()[\]{},;:@])/y],
];

/** Tokens of the text, with an `end` token last. `//` starts a comment. Text that is not a token is a bug of whoever wrote it. */
export function tokens(text: string): readonly Token[] {
  const out: Token[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const found = match(text, at) ?? bug(`tensor IR line ${line}: unexpected ${JSON.stringify(text.slice(at, at + 10))}`);
    if (found.kind !== "skip") out.push({ kind: found.kind, text: found.text, line });
    for (const c of found.text) if (c === "\n") line++;
    at += found.text.length;
  }
  out.push({ kind: "end", text: "", line });
  return out;
}

function match(text: string, at: number): { kind: Token["kind"] | "skip"; text: string } | undefined {
  for (const [kind, shape] of shapes) {
    shape.lastIndex = at;
    const m = shape.exec(text);
    if (m !== null) return { kind, text: m[0] };
  }
  return undefined;
}
