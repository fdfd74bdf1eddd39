/**
 * A compiler's assembly as people read it: instructions and the labels they use, with the line of the generated C++ that each came
 * from (through the `.loc` directives). Pure text; GNU syntax of g++ and clang++.
 */
import { opensEpilogue, tidy } from "./native-source.ts";

export interface Assembly {
  readonly lines: readonly string[];
  /** The C++ line of each line; 0: none. */
  readonly source: Int32Array;
  /** Where in the native library's kernels and functions each line comes from; absent when none does. */
  readonly headers?: HeaderPlaces;
}

export interface HeaderPlaces {
  /** Paths below `native`. */
  readonly files: readonly string[];
  /** Of each line of assembly: index into `files`, -1 for none. */
  readonly file: Int32Array;
  /** The line there, from 1. */
  readonly line: Int32Array;
}

const fileDirective = /^\s*\.file\s+(\d+)\s+(?:"([^"]*)"\s+)?"([^"]*)"/;
const locDirective = /^\s*\.loc\s+(\d+)\s+(\d+)/;
const label = /^([^\s:#][^:]*):\s*(?:[#/].*)?$/;
const sectionDirective = /^\s*\.(?:section\s+([^\s,]+)|(text|data|bss))/;

/** A function that was instantiated for a lambda of the generated file: a microkernel with its epilogue. */
const kernelName = /^_Z.*EUl/;
/** In place of a line: code of a microkernel, whose call is found when the function is known. */
const ofKernel = -1;

/**
 * @param cpp file name of the generated C++; lines of headers count as none
 * @param code its text: then the loops of microkernels, which are functions of their own, get the line of the call that they were made for
 */
export function readableAssembly(text: string, cpp: string, code = ""): Assembly {
  const all = text.split("\n");
  const used = usedLabels(all);
  const files = new Set(all.flatMap((line) => numberOfFile(line, cpp)));
  const kernels = new Set(all.flatMap((line) => numberOfKernel(line)));
  const native = nativeFiles(all);
  let inKernel = false;
  const lines: string[] = [];
  const source: number[] = [];
  const places: Place[] = [];
  let at = 0;
  let place: Place = nowhere;
  let inCode = true;
  for (const line of all) {
    const section = sectionDirective.exec(line);
    if (section !== null) inCode = section[2] === "text" || section[1]?.startsWith(".text") === true;
    const loc = locDirective.exec(line);
    // The innermost function may be an intrinsic of the compiler: its instruction stays with the last of our lines.
    if (loc !== null) place = files.has(Number(loc[1])) ? nowhere : (placeOf(loc, native) ?? place);
    if (loc !== null) at = files.has(Number(loc[1])) ? Number(loc[2]) : inKernel && kernels.has(Number(loc[1])) ? ofKernel : at;
    const name = label.exec(line)?.[1];
    if (!inCode || isNoise(line)) continue;
    if (name !== undefined && !used.has(name)) continue;
    if (name !== undefined && !name.startsWith(".")) {
      inKernel = kernelName.test(name);
      at = inKernel ? ofKernel : 0;
      place = nowhere;
    }
    lines.push(aligned(line));
    source.push(name === undefined ? at : 0);
    places.push(name === undefined ? place : nowhere);
  }
  return { lines, source: Int32Array.from(withCalls(lines, source, code)), ...headersOf(places) };
}

/** Letters of a mnemonic, so that operands stand below each other. */
const mnemonicWidth = 12;

/** An instruction with its operands in a column. */
function aligned(line: string): string {
  const [, name, operands] = /^\t((?:(?:rep\w*|lock|bnd|notrack) )?\S+)\t(.*)$/.exec(line) ?? [];
  if (name === undefined || operands === undefined) return line.replace(/\t/g, "    ").trimEnd();
  return `    ${name.padEnd(mnemonicWidth)} ${operands.replace(/\t/g, " ")}`.trimEnd();
}

interface Place {
  readonly file: string;
  readonly line: number;
}
const nowhere: Place = { file: "", line: 0 };

const placeOf = ([, file, line]: RegExpExecArray, native: ReadonlyMap<number, string>): Place | undefined => {
  const path = native.get(Number(file));
  return path === undefined ? undefined : { file: path, line: Number(line) };
};

/** Headers with kernels and mathematical functions, by number: their paths below `native`. */
function nativeFiles(lines: readonly string[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const line of lines) {
    const match = fileDirective.exec(line);
    const path = match === null ? "" : pathOf(match);
    const below = /(?:^|\/)native\/((?:kernels|math)\/.*)$/.exec(path)?.[1];
    if (below !== undefined) found.set(Number(match?.[1]), below);
  }
  return found;
}

/** Folder and name may be given apart. */
const pathOf = ([, , folder, name = ""]: RegExpExecArray): string =>
  tidy(folder === undefined || name.startsWith("/") ? name : `${folder}/${name}`);

function headersOf(places: readonly Place[]): { readonly headers?: HeaderPlaces } {
  const files = [...new Set(places.map(({ file }) => file))].filter((file) => file !== "");
  if (files.length === 0) return {};
  const index = new Map(files.map((file, i) => [file, i]));
  const file = Int32Array.from(places, (place) => index.get(place.file) ?? -1);
  return { headers: { files, file, line: Int32Array.from(places, ({ line }) => line) } };
}

/** Gives code of microkernels the line of the call: the one that opens the lambda whose statements are inlined in the same function. */
function withCalls(lines: readonly string[], source: readonly number[], code: string): readonly number[] {
  const cpp = code.split("\n");
  const callAbove = (line: number): number => {
    for (let at = line - 1; at >= 0; at--) {
      if (opensEpilogue(cpp[at] ?? "")) return at + 1;
      if (/^FS_(EXPORT|REGION_FUNCTION) /.test(cpp[at] ?? "")) return 0;
    }
    return 0;
  };
  const starts = lines.flatMap((line, i) => (/^[^\s.]/.test(line) ? [i] : []));
  const made = [...source];
  starts.forEach((start, n) => {
    const end = starts[n + 1] ?? lines.length;
    const inside = source.slice(start, end).find((line) => line > 0);
    const call = inside === undefined ? 0 : callAbove(inside);
    for (let i = start; i < end; i++) if (made[i] === ofKernel) made[i] = call;
  });
  return made;
}

/** Directives and comments say nothing to a reader. */
const isNoise = (line: string): boolean =>
  /^\s*(?:[#/].*)?$/.test(line) || /^\s+\.[a-z]/i.test(line) || /^\s*\.(?:cfi|loc|file|section|text|globl|type|size|ident|set)/.test(line);

/** Functions, and local labels that some instruction names. */
function usedLabels(lines: readonly string[]): ReadonlySet<string> {
  const used = new Set<string>();
  for (const line of lines) {
    const type = /^\s*\.type\s+([^\s,]+),\s*@function/.exec(line)?.[1];
    if (type !== undefined) used.add(type);
    else if (!/^\s*\./.test(line)) for (const match of line.matchAll(/\.L\w+/g)) if (!line.startsWith(match[0])) used.add(match[0]);
  }
  return used;
}

function numberOfKernel(line: string): number[] {
  const match = fileDirective.exec(line);
  return match !== null && /(^|\/)native\/kernels\//.test(pathOf(match)) ? [Number(match[1])] : [];
}

function numberOfFile(line: string, cpp: string): number[] {
  const match = fileDirective.exec(line);
  const path = match?.[3] ?? "";
  return match !== null && (path === cpp || path.endsWith(`/${cpp}`)) ? [Number(match[1])] : [];
}
