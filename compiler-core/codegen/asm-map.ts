/**
 * From a disassembly with line information to the generated C++ line of every instruction. Pure: parses the text of
 * `objdump -d -l --inlines --no-show-raw-insn -M intel MODEL.so`.
 *
 * An instruction's inline chain runs from the innermost function outwards; its C++ line is the first link in the generated file. Microkernels
 * are functions of their own, instantiated for one epilogue: their loops have no link in the generated file, so they get the line of the call
 * whose epilogue is inlined in the same function.
 */

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
 * function's own head: those get the lines of the file here. A function was compiled apart when such a place lies outside of it.
 */
export function placeFunctions(
  instructions: readonly AsmInstruction[],
  source: string,
  functions: readonly PlacedFunction[],
): readonly AsmInstruction[] {
  const owners = new Map<string, PlacedFunction | undefined>();
  const ownerOf = (symbol: string): PlacedFunction | undefined => {
    if (!owners.has(symbol))
      owners.set(
        symbol,
        functions.find((f) => symbol.includes(`${f.name}(fs_context*`)),
      );
    return owners.get(symbol);
  };
  const isCall = (p: SourcePlace, depth: number): boolean => depth > 0 && baseName(p.file) === source;
  const length = (f: PlacedFunction): number => f.text.trimEnd().split("\n").length;
  const apart = new Set<PlacedFunction>();
  for (const { symbol, chain } of instructions) {
    const f = ownerOf(symbol);
    if (f !== undefined && chain.some((p, depth) => isCall(p, depth) && (p.line < f.line || p.line >= f.line + length(f)))) apart.add(f);
  }
  return instructions.map((i) => {
    const f = ownerOf(i.symbol);
    if (f === undefined || !apart.has(f)) return i;
    const chain = i.chain.map((p, depth) => (isCall(p, depth) ? { ...p, line: p.line + f.line - 1 } : p));
    return { ...i, chain, cppLine: chain.find((p) => baseName(p.file) === source)?.line };
  });
}

/**
 * Gives the instructions of kernel functions that have no line of their own the line of their call. `cpp` is the generated file: the call is the
 * line above an epilogue's statements that opens the lambda.
 */
export function attachKernelCalls(instructions: readonly AsmInstruction[], cpp: string): readonly AsmInstruction[] {
  const lines = cpp.split("\n");
  const callAbove = (line: number): number | undefined => {
    for (let at = line - 1; at >= 0; at--) {
      if (lines[at]?.includes("[&](") === true) return at + 1;
      if (/^FS_(EXPORT|REGION_FUNCTION) /.test(lines[at] ?? "")) return undefined;
    }
    return undefined;
  };
  const calls = new Map<string, number | undefined>();
  for (const i of instructions)
    if (i.cppLine !== undefined && !calls.has(i.symbol) && !isEntry(i.symbol)) calls.set(i.symbol, callAbove(i.cppLine));
  return instructions.map((i) => (i.cppLine !== undefined || isEntry(i.symbol) ? i : { ...i, cppLine: calls.get(i.symbol) }));
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
