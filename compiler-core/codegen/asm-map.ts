/**
 * From a disassembly with line information to the generated C++ line of every instruction. Pure: parses the text of
 * `objdump -d -l --inlines --no-show-raw-insn -M intel MODEL.so`.
 *
 * An instruction's inline chain runs from the innermost function outwards; its C++ line is the first link in the generated file. Microkernels
 * are functions of their own, instantiated for one epilogue: their loops have no link in the generated file, so they get the line of the call
 * whose epilogue is inlined in the same function.
 */
import { opensEpilogue } from "./native-source.ts";

export interface SourcePlace {
  readonly file: string;
  readonly line: number;
}

export interface AsmInstruction {
  /** Address in the ELF file, as the runner's sampler reports it. */
  readonly address: number;
  readonly text: string;
  /** The symbol it lies in, as the disassembler names it. */
  readonly symbol: string;
  /** Innermost first; empty where the compiler recorded nothing. */
  readonly chain: readonly SourcePlace[];
  /** Line of the generated file; undefined: none of ours (run-time, start-up code). */
  readonly cppLine: number | undefined;
  /** True when the chain names the line; false when it is that of the kernel call the function was instantiated for. */
  readonly exact: boolean;
}

const symbolLine = /^[0-9a-f]+ <(.+)>:$/;
const instructionLine = /^\s*([0-9a-f]+):\s+(\S.*)$/;
const inlinedLine = /^\s*\(?inlined by\)? (.+):(\d+)(?: \(discriminator \d+\))?(?: .*)?$/;
const placeLine = /^(\S.*):(\d+)(?: \(discriminator \d+\))?$/;

const baseName = (file: string): string => file.slice(file.lastIndexOf("/") + 1);

/** Instructions with their chains, in order of address. `source` is the generated file's base name. */
export function parseDisassembly(text: string, source: string): readonly AsmInstruction[] {
  const out: AsmInstruction[] = [];
  let symbol = "";
  let innermost: SourcePlace | undefined;
  let around: SourcePlace[] = [];
  for (const line of text.split("\n")) {
    const named = symbolLine.exec(line);
    const code = instructionLine.exec(line);
    const inlined = inlinedLine.exec(line);
    const place = placeLine.exec(line);
    if (named !== null) {
      symbol = named[1] ?? "";
      innermost = undefined;
      around = [];
    } else if (code !== null) {
      const chain = innermost === undefined ? around : [innermost, ...around];
      const cppLine = chain.find((p) => baseName(p.file) === source)?.line;
      out.push({
        address: parseInt(code[1] ?? "0", 16),
        text: (code[2] ?? "").trim(),
        symbol,
        chain,
        cppLine,
        exact: cppLine !== undefined,
      });
      around = [];
    } else if (inlined !== null) {
      around.push({ file: inlined[1] ?? "", line: Number(inlined[2]) });
    } else if (place !== null) {
      innermost = { file: place[1] ?? "", line: Number(place[2]) };
      around = [];
    }
  }
  return out;
}

/** A function of the generated file: its name, the line of its head, and its text. */
export interface PlacedFunction {
  readonly name: string;
  readonly line: number;
  readonly text: string;
}

/**
 * Functions may be compiled apart from their model. The line table is then corrected, but the places of inlined calls still count from the
 * function's own head: those get the lines of the file here. A function was compiled apart when such a place lies outside of it. What still lies
 * outside is a place in another file: with a precompiled header, tables of lines mix up their files.
 */
export function placeFunctions(
  instructions: readonly AsmInstruction[],
  source: string,
  functions: readonly PlacedFunction[],
): readonly AsmInstruction[] {
  const ownerOf = ownersIn(functions);
  const isOurs = (p: SourcePlace): boolean => baseName(p.file) === source;
  const isInside = (line: number, f: PlacedFunction): boolean => line >= f.line && line < f.line + f.text.trimEnd().split("\n").length;
  const apart = new Set<PlacedFunction>();
  for (const { symbol, chain } of instructions) {
    const f = ownerOf(symbol);
    if (f !== undefined && chain.some((p, depth) => depth > 0 && isOurs(p) && !isInside(p.line, f))) apart.add(f);
  }
  return instructions.map((i) => {
    const f = ownerOf(i.symbol);
    if (f === undefined) return i;
    const moved = (p: SourcePlace, depth: number): SourcePlace =>
      depth > 0 && isOurs(p) && apart.has(f) ? { ...p, line: p.line + f.line - 1 } : p;
    const chain = i.chain.map(moved);
    const cppLine = chain.find((p) => isOurs(p) && isInside(p.line, f))?.line;
    return { ...i, chain, cppLine, exact: cppLine !== undefined };
  });
}

/** The function of the file that a symbol is, or is instantiated for. */
function ownersIn(functions: readonly PlacedFunction[]): (symbol: string) => PlacedFunction | undefined {
  const owners = new Map<string, PlacedFunction | undefined>();
  return (symbol) => {
    if (!owners.has(symbol))
      owners.set(
        symbol,
        functions.find((f) => symbol.includes(`${f.name}(fs_context*`)),
      );
    return owners.get(symbol);
  };
}

/**
 * Gives the instructions of kernel functions that have no line of their own the line of their call: that of the lambda in their symbol, which is the
 * epilogue they were instantiated for. Where that is not known, it is the line above an epilogue's statements that opens a lambda. `cpp` is the
 * generated file, `functions` are those in it.
 */
export function attachKernelCalls(
  instructions: readonly AsmInstruction[],
  cpp: string,
  functions: readonly PlacedFunction[] = [],
): readonly AsmInstruction[] {
  const lines = cpp.split("\n");
  const ownerOf = ownersIn(functions);
  const callAbove = (line: number): number | undefined => {
    for (let at = line - 1; at >= 0; at--) {
      if (opensEpilogue(lines[at] ?? "")) return at + 1;
      if (/^FS_(EXPORT|REGION_FUNCTION) /.test(lines[at] ?? "")) return undefined;
    }
    return undefined;
  };
  const calls = new Map<string, number | undefined>();
  for (const { symbol, cppLine } of instructions) {
    if (isEntry(symbol) || calls.get(symbol) !== undefined) continue;
    calls.set(symbol, lambdaLine(symbol, ownerOf(symbol)) ?? (cppLine === undefined ? undefined : callAbove(cppLine)));
  }
  return instructions.map((i) => (i.cppLine !== undefined || isEntry(i.symbol) ? i : { ...i, cppLine: calls.get(i.symbol) }));
}

/** Where a function opens the lambda that a symbol names; lambdas are numbered among those with the same parameters. */
function lambdaLine(symbol: string, owner: PlacedFunction | undefined): number | undefined {
  const named = owner && /::\{lambda\(([^)]*)\)#(\d+)\}/.exec(symbol.slice(symbol.indexOf(owner.name)));
  if (!named) return undefined;
  const opened = owner.text.split("\n").flatMap((text, i) => {
    const parameters = /\[&\]\(([^)]*)\)/.exec(text)?.[1];
    return parameters === undefined ? [] : [{ line: owner.line + i, types: typesOf(parameters) }];
  });
  const same = opened.filter(({ types }) => types === named[1]);
  return (same[Number(named[2]) - 1] ?? (opened.length === 1 ? opened[0] : undefined))?.line;
}

/** Types of written parameters, as a demangler has them. */
function typesOf(parameters: string): string {
  let generic = 0;
  return parameters
    .split(", ")
    .map((parameter) => parameter.replace(/ ?\w+$/, "").replaceAll("int64_t", "long"))
    .map((type) => (type === "auto" ? `auto:${++generic}` : type))
    .join(", ");
}

/** The model's own functions mark every instruction themselves; kernels are instantiated for an epilogue, a lambda of one of these. */
const isEntry = (symbol: string): boolean => !symbol.includes("(fs_context*, int, int") || !symbol.includes("::{lambda(");

/** For each line of the generated file the positions (in `instructions`) of its instructions. */
export function instructionsByLine(instructions: readonly AsmInstruction[]): ReadonlyMap<number, readonly number[]> {
  const out = new Map<number, number[]>();
  instructions.forEach((instruction, at) => {
    if (instruction.cppLine === undefined) return;
    const list = out.get(instruction.cppLine);
    if (list === undefined) out.set(instruction.cppLine, [at]);
    else list.push(at);
  });
  return out;
}

/**
 * Samples per instruction. A timer finds the instruction that had not finished: the one before the sampled address took the time (`skid` 1); with
 * hardware that reports the instruction itself `skid` is 0. Offsets outside of the instructions are counted in `outside`.
 */
export function samplesByInstruction(
  instructions: readonly AsmInstruction[],
  offsets: readonly (readonly [number, number])[],
  skid: 0 | 1,
): { readonly counts: readonly number[]; readonly outside: number } {
  const at = new Map(instructions.map((i, n) => [i.address, n]));
  const counts = new Array<number>(instructions.length).fill(0);
  let outside = 0;
  for (const [offset, samples] of offsets) {
    const found = at.get(offset);
    const before = found === undefined ? undefined : found - skid;
    const same = found !== undefined && before !== undefined && instructions[before]?.symbol === instructions[found]?.symbol;
    if (found === undefined) outside += samples;
    else counts[same ? (before as number) : found] = (counts[same ? (before as number) : found] ?? 0) + samples;
  }
  return { counts, outside };
}
