/** Loops of machine code, found by their backward jumps, and what they do. Pure; instructions in Intel syntax as `parseDisassembly` gives them. */
import type { AsmInstruction } from "./asm-map.ts";

export interface MachineLoop {
  /** Positions of the first and the last instruction (the jump). */
  readonly first: number;
  readonly last: number;
}

const jump = /^(?:bnd )?j[a-z]+\s+(?:0x)?([0-9a-f]+)\b/;

/** Innermost loops in order of address: backward jumps inside of one function that no other lies between. */
export function innermostLoops(instructions: readonly AsmInstruction[]): MachineLoop[] {
  const at = new Map(instructions.map((i, n) => [i.address, n]));
  const loops: MachineLoop[] = [];
  instructions.forEach((instruction, last) => {
    const target = jump.exec(instruction.text)?.[1];
    const first = target === undefined ? undefined : at.get(parseInt(target, 16));
    if (first === undefined || first > last || instructions[first]?.symbol !== instruction.symbol) return;
    loops.push({ first, last });
  });
  // Several jumps to one head are one loop, and the longest of them has all of it.
  const byHead = new Map<number, MachineLoop>();
  for (const loop of loops) if ((byHead.get(loop.first)?.last ?? -1) < loop.last) byHead.set(loop.first, loop);
  const all = [...byHead.values()];
  return all.filter((a) => !all.some((b) => b !== a && b.first >= a.first && b.last <= a.last)).sort((a, b) => a.first - b.first);
}

/** Width in 32-bit lanes of the widest register that an instruction names; 0: none. */
const lanesOf = (text: string): number => (text.includes("zmm") ? 16 : text.includes("ymm") ? 8 : text.includes("xmm") ? 4 : 0);

const arithmetic: readonly { readonly pattern: RegExp; readonly perLane: number; readonly scalar?: boolean }[] = [
  { pattern: /^vfn?m(?:add|sub)\d+ps\b/, perLane: 2 },
  { pattern: /^vfn?m(?:add|sub)\d+ss\b/, perLane: 2, scalar: true },
  { pattern: /^v?(?:add|sub|mul|div|max|min)ps\b/, perLane: 1 },
  { pattern: /^v?(?:add|sub|mul|div|max|min)ss\b/, perLane: 1, scalar: true },
];

/** 32-bit floating-point operations of one pass over the instructions. */
export function flopsOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => {
    const found = arithmetic.find((a) => a.pattern.test(text));
    return found === undefined ? sum : sum + found.perLane * (found.scalar === true ? 1 : lanesOf(text));
  }, 0);
}

/** Does it compute on vectors, rather than move or count? */
export const isVectorWork = (text: string): boolean =>
  flopsOf([text]) > 1 || /^(?:vpdp|vdpbf16|vpmadd|vfn?m\w+ph|tdp|vcvt|vpadd|vpsub|vpmul|vpmax|vpmin)/.test(text);

/** Tile instructions: no scheduling model of LLVM prices them. */
export const isTile = (text: string): boolean => /^(?:tdp|tileload|tilestore|tilezero|tilerelease|ldtilecfg|sttilecfg)/.test(text);
