/** Which lines of the three texts belong together: by statement, else by the graph nodes they came from; assembly through C++ lines. */
import { innerLoop } from "./inner-loop.ts";
import type { LineOrigin, TextKind, TextReply } from "#protocol";

export type Texts = Readonly<Partial<Record<TextKind, TextReply>>>;

export interface Linked {
  readonly statements: readonly number[];
  readonly nodes: readonly number[];
}

export const nothingLinked: Linked = { statements: [], nodes: [] };

/** Origins of a line (from 1); lines of one text may share a line. Origins are sorted by line. */
function originsAt(origins: readonly LineOrigin[], line: number): readonly LineOrigin[] {
  let low = 0;
  let high = origins.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((origins[middle] as LineOrigin).line < line) low = middle + 1;
    else high = middle;
  }
  const found: LineOrigin[] = [];
  for (let i = low; origins[i]?.line === line; i += 1) found.push(origins[i] as LineOrigin);
  return found;
}

/** What a line came from. */
export function originOf(texts: Texts, kind: TextKind, line: number): Linked {
  const asm = texts.asm;
  if (kind === "asm") {
    const source = asm?.source?.[line - 1] ?? 0;
    return source > 0 ? originOf(texts, "cpp", source) : nothingLinked;
  }
  const found = originsAt(texts[kind]?.origins ?? [], line);
  return { statements: [...new Set(found.map(({ stmt }) => stmt))], nodes: [...new Set(found.flatMap(({ nodes }) => [...nodes]))] };
}

/** Of some lines of each text the ones that stand deepest in loops; instructions are those of the deepest lines of C++, in their own inner loop. */
export function innermost(
  texts: Texts,
  lines: Readonly<Record<TextKind, ReadonlySet<number>>>,
): Readonly<Record<TextKind, ReadonlySet<number>>> {
  const [ir, cpp] = [deepest(texts.ir, lines.ir), deepest(texts.cpp, lines.cpp)];
  const asm = new Set([...lines.asm].filter((line) => cpp.has(texts.asm?.source?.[line - 1] ?? 0)));
  return { ir, cpp, asm: innerLoop(texts.asm?.lines ?? [], asm.size > 0 ? asm : lines.asm) };
}

function deepest(text: TextReply | undefined, lines: ReadonlySet<number>): ReadonlySet<number> {
  const depth = (line: number): number => {
    const code = text?.lines[line - 1] ?? "";
    return /^\s*(\/\/|$)/.test(code) ? -1 : code.search(/\S/);
  };
  const most = [...lines].reduce((deep, line) => Math.max(deep, depth(line)), -1);
  return most < 0 ? lines : new Set([...lines].filter((line) => depth(line) === most));
}

/** Lines of each text that belong to statements or, where these say nothing, to nodes. */
export function linesFor(texts: Texts, linked: Linked): Readonly<Record<TextKind, ReadonlySet<number>>> {
  const statements = new Set(linked.statements);
  const nodes = new Set(linked.nodes);
  const pick = (origins: readonly LineOrigin[]): ReadonlySet<number> => {
    const exact = origins.filter(({ stmt }) => statements.has(stmt));
    const chosen = exact.length > 0 ? exact : origins.filter((origin) => origin.nodes.some((node) => nodes.has(node)));
    return new Set(chosen.map(({ line }) => line));
  };
  const cpp = pick(texts.cpp?.origins ?? []);
  const asm = new Set<number>();
  texts.asm?.source?.forEach((line, i) => line > 0 && cpp.has(line) && asm.add(i + 1));
  return { ir: pick(texts.ir?.origins ?? []), cpp, asm };
}
