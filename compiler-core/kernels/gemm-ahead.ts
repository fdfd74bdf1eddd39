/**
 * What a product may bring near while its register tiles leave the memory idle: two matrices that are read later, and one that is written.
 * `and_ahead` of native/kernels/gemm/tile.hpp takes a line with each vector of the result.
 */
import { bug } from "../messages.ts";
import type { CallText, OperandContract } from "./kernel.ts";

const uses = { ahead: "reads", ahead2: "reads", result: "writes" } as const;
const argsOf = (name: string): readonly string[] => [`${name}_rows`, `${name}_width`, `${name}_pitch`];

/** Operands of any element type. */
export const aheadOperands: Readonly<Record<keyof typeof uses, OperandContract>> = {
  ahead: {
    dtype: "f32",
    access: "read",
    hint: true,
    optional: true,
    what: "not read: ahead_rows x ahead_width elements (-1: as many as go beside the result, 64 bytes with 16 columns) at distances of ahead_pitch are brought into the cache for what comes next",
  },
  ahead2: { dtype: "f32", access: "read", hint: true, optional: true, what: "as ahead" },
  result: { dtype: "f32", access: "read", hint: true, optional: true, what: "as ahead, for what is written next" },
};

export const aheadArgs: readonly string[] = Object.keys(uses).flatMap(argsOf);

/** The optional arguments that a call needs because of what it brings near. */
export const aheadNeeds = (has: (operand: string) => boolean): readonly string[] =>
  Object.keys(uses).flatMap((name) => (has(name) ? argsOf(name) : []));

/** The epilogue, and what it brings near. */
export function epilogueAhead(call: CallText, kernel: string): string {
  const epilogue = call.epilogue ?? bug(`${kernel} without epilogue`);
  return Object.entries(uses).reduceRight((text, [name, use]) => {
    const p = call.pointer(name);
    return p === undefined ? text : `fs::and_ahead<fs::ahead::${use}>(${[p, ...argsOf(name).map(call.arg), text].join(", ")})`;
  }, epilogue);
}
