/**
 * Where in the native library's headers each line of assembly comes from, by the chains of inlined functions that only the disassembler knows:
 * `.loc` directives name the innermost function alone, which is an intrinsic of the compiler.
 */
import type { AsmInstruction, SourcePlace } from "./asm-map.ts";
import type { HeaderPlaces } from "./assembly.ts";
import { tidy } from "./native-source.ts";

/** The assembler puts these between instructions, to align what follows. */
const padding = /^(?:(?:data16|cs|ds|es) )*(?:nop|xchg\s+ax,ax)/;

/**
 * The instruction of each line (index) of assembly. Lines of functions whose instructions are not the same in number have none.
 * @param lines readable assembly with its mangled names @param instructions of the same code, with mangled symbols
 */
export function instructionsOfLines(
  lines: readonly string[],
  instructions: readonly AsmInstruction[],
): ReadonlyMap<number, AsmInstruction> {
  const bySymbol = new Map<string, AsmInstruction[]>();
  for (const instruction of instructions) {
    if (padding.test(instruction.text)) continue;
    const known = bySymbol.get(instruction.symbol);
    if (known) known.push(instruction);
    else bySymbol.set(instruction.symbol, [instruction]);
  }
  const out = new Map<number, AsmInstruction>();
  const take = (own: readonly number[], symbol: string): void => {
    const found = bySymbol.get(symbol) ?? [];
    if (found.length !== own.length) return;
    own.forEach((line, i) => out.set(line, found[i] as AsmInstruction));
  };
  let [symbol, own]: [string, number[]] = ["", []];
  lines.forEach((line, i) => {
    const label = /^([^\s:#][^:]*):/.exec(line)?.[1];
    if (label !== undefined && !label.startsWith(".")) {
      take(own, symbol);
      [symbol, own] = [label, []];
    } else if (label === undefined && !padding.test(line.trim())) own.push(i);
  });
  take(own, symbol);
  return out;
}

/**
 * @param lines readable assembly @param found the instruction of each
 * @returns undefined when no line comes from a header
 */
export function headerPlaces(
  lines: readonly string[],
  found: ReadonlyMap<number, AsmInstruction>,
  source: string,
): HeaderPlaces | undefined {
  const places = new Map<number, SourcePlace>();
  for (const [line, { chain }] of found) {
    const place = placeIn(chain, source);
    if (place !== undefined) places.set(line, place);
  }
  if (places.size === 0) return undefined;
  const files = [...new Set([...places.values()].map(({ file }) => file))];
  return {
    files,
    file: Int32Array.from(lines, (_, i) => files.indexOf(places.get(i)?.file ?? "")),
    line: Int32Array.from(lines, (_, i) => places.get(i)?.line ?? 0),
  };
}

/** In a kernel's own function its line there, as the loops stand in it; in code of the model the line of the kernel that is inlined last. */
function placeIn(chain: readonly SourcePlace[], source: string): SourcePlace | undefined {
  const generated = chain.findIndex(({ file }) => file === source || file.endsWith(`/${source}`));
  const inner = chain.slice(0, generated < 0 ? chain.length : generated).flatMap(({ file, line }) => {
    const below = /(?:^|\/)native\/((?:kernels|math)\/.*)$/.exec(tidy(file))?.[1];
    return below === undefined ? [] : [{ file: below, line }];
  });
  return generated < 0 ? inner.at(-1) : inner[0];
}
