/**
 * Where functions of the native library are defined, and the loop in which one of them spends its time: what generated code only calls. Reads
 * the headers as text: functions are found by their heads, loops by their braces. Pure; whoever calls it gives the texts.
 */
import type { NativeSource } from "../protocol/index.ts";

/** Text of each header, by its path below `native`. */
export type Headers = ReadonlyMap<string, string>;

interface Definition {
  readonly name: string;
  readonly file: string;
  /** Lines from 1: of the head, and of the closing brace. */
  readonly line: number;
  readonly last: number;
}

const fewLines = 4;

type LineRange = readonly [first: number, last: number];

const head =
  /^(?:(?:FS_INLINE|inline|static|constexpr|__attribute__\(\([^()]*\)\)|template <[^<>]*>)\s+)*(?:void|auto|bool|int|int64_t|f32x|i32x|float)\s+(\w+)\(/;

/** Functions of a header that have a body, in order. Members of structs are none: they stand indented. */
function definitionsOf(file: string, text: string): readonly Definition[] {
  const lines = text.split("\n");
  return lines.flatMap((line, i) => {
    const name = head.exec(line)?.[1];
    const last = name === undefined ? undefined : closing(lines, i);
    return name === undefined || last === undefined ? [] : [{ name, file, line: i + 1, last }];
  });
}

/** Line (from 1) of the brace that closes the first one opened at or after line `from` (from 0); undefined when a `;` ends it before. */
function closing(lines: readonly string[], from: number): number | undefined {
  let depth = 0;
  for (let i = from; i < lines.length; i++) {
    for (const letter of code(lines[i])) {
      if (letter === "{") depth++;
      else if (letter === "}" && --depth === 0) return i + 1;
      else if (letter === ";" && depth === 0 && !isLoop(lines[from])) return undefined;
    }
  }
  return undefined;
}

const isLoop = (line: string | undefined): boolean => /^\s*(?:for|while) \(/.test(line ?? "");
const code = (line: string | undefined): string => (line ?? "").replace(/\/\/.*$/, "").replace(/"(?:[^"\\]|\\.)*"/g, "");

/**
 * The function `fs::NAME`, and its inner loop. Of several with this name (one for each instruction set) the first.
 * @returns undefined for a name without a function
 */
export function nativeFunction(headers: Headers, name: string): NativeSource | undefined {
  const all = [...headers].flatMap(([file, text]) => definitionsOf(file, text));
  const found = all.find((d) => d.name === name);
  if (found === undefined) return undefined;
  const loop = innerLoop(headers, all, found);
  return { file: found.file, lines: linesOf(headers, found.file), line: found.line, ...(loop === undefined ? {} : { loop }) };
}

/** A whole header; undefined for a file that is none. */
export function nativeHeader(headers: Headers, file: string): NativeSource | undefined {
  return headers.has(file) ? { file, lines: linesOf(headers, file), line: 1 } : undefined;
}

const linesOf = (headers: Headers, file: string): readonly string[] => (headers.get(file) ?? "").replace(/\n$/, "").split("\n");

/** The loop in the kernels that stands farthest down the calls: the outer functions cut the work, the last one does it. */
function innerLoop(headers: Headers, all: readonly Definition[], from: Definition): NativeSource["loop"] {
  const seen = included(headers, from.file);
  const inKernels = all.filter(({ file }) => file.startsWith("kernels/") && seen.has(file));
  const depth = new Map<Definition, number>([[from, 0]]);
  let best: { readonly at: number; readonly file: string; readonly lines: LineRange } | undefined;
  for (const [definition, at] of depth) {
    const lines = linesOf(headers, definition.file);
    const body = lines.slice(definition.line - 1, definition.last);
    // A function of few lines moves or clears something.
    const loop = body.length > fewLines ? mainLoop(lines, definition) : undefined;
    if (loop !== undefined && (best === undefined || at >= best.at)) best = { at, file: definition.file, lines: loop };
    for (const [, name] of body
      .slice(1)
      .map(code)
      .join("\n")
      .matchAll(/\b(\w+)\s*[<(]/g))
      for (const called of inKernels) if (called.name === name && !depth.has(called)) depth.set(called, at + 1);
  }
  return best && { file: best.file, lines: best.lines };
}

/** A header and those that it includes, by way of others too. */
function included(headers: Headers, file: string): ReadonlySet<string> {
  const seen = new Set([file]);
  for (const one of seen)
    for (const [, path] of (headers.get(one) ?? "").matchAll(/^#include "([^"]+)"/gm)) {
      const beside = tidy(`${one.slice(0, one.lastIndexOf("/"))}/${path}`);
      if (headers.has(beside)) seen.add(beside);
      else if (headers.has(path ?? "")) seen.add(path ?? "");
    }
  return seen;
}

/** `kernels/gemm_f32/../gemm/tile.hpp` without its detour. */
export function tidy(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === ".." && parts.length > 0) parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/**
 * Of the innermost loops of a function the longest; of these the one within the fewest loops (a long sum is cut into pieces by one more, the usual
 * case is not), then the first. Loops that the compiler unrolls away are part of what they stand in.
 */
function mainLoop(lines: readonly string[], { line, last }: Definition): LineRange | undefined {
  const loops: LineRange[] = [];
  for (let i = line - 1; i < last; i++) {
    if (!isLoop(lines[i]) || /#pragma GCC unroll/.test(lines[i - 1] ?? "")) continue;
    loops.push([i + 1, loopEnd(lines, i)]);
  }
  const within = (inside: LineRange, loop: LineRange): boolean => inside[0] > loop[0] && inside[1] <= loop[1];
  const inner = loops.filter((loop) => !loops.some((other) => within(other, loop)));
  const around = (loop: LineRange): number => loops.filter((other) => within(loop, other)).length;
  return inner.sort((a, b) => b[1] - b[0] - (a[1] - a[0]) || around(a) - around(b))[0];
}

/** A loop's last line: of its block, or of the one statement after its head. */
function loopEnd(lines: readonly string[], from: number): number {
  if (code(lines[from]).trimEnd().endsWith("{")) return closing(lines, from) ?? from + 1;
  const indent = (text: string | undefined): number => (text ?? "").search(/\S/);
  let end = from;
  while (end + 1 < lines.length && (/^#pragma/.test(lines[end + 1] ?? "") || indent(lines[end + 1]) > indent(lines[from]))) end++;
  return end + 1;
}

/** Does a line of generated code open the lambda that is an epilogue? */
export const opensEpilogue = (line: string): boolean => /\[[&=]\]\(/.test(line);
