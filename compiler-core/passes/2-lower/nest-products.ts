/**
 * What the two products of an attention nest are computed in: on bytes where both operands are dequantised, on bf16 where the model is of bf16 or
 * `--precision bf16` asks for it, else on f32. The kernels are compared by the speed that the registry estimates.
 */
import { valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import { gemmBF16Tile, gemmU8S8Panel, hasBF16Products, rankGemms } from "../../kernels/index.ts";
import { resolveIsa } from "../../machine.ts";
import type { Verdict } from "../../protocol/trace.ts";
import type { GemmShape } from "../../templates/gemm-shape.ts";
import { bf16Behind, bytesBehind, inMemory, usedOnce, type NarrowSource } from "../../templates/attention/narrow-source.ts";
import type { NestShape } from "../../templates/attention/shape.ts";
import { operand, resultOf } from "../../templates/template.ts";
import type { PassContext } from "../pass.ts";
import { isMatrix, stridesOf } from "./match-attention.ts";
import type { NestIndex } from "./nest-index.ts";

export interface NestProduct {
  readonly kernel: string;
  /** Columns of its panels. */
  readonly nr: number;
  /** Bytes of an element of the right operand. */
  readonly bytes: number;
  readonly verdict: Verdict | undefined;
}

export interface NestProducts {
  readonly scores: NestProduct;
  readonly mix: NestProduct;
}

/** Rounding the operands of fewer rows than this takes longer than the faster products save. */
const leastRows = 16;

interface Candidate {
  readonly a: "u8" | "i8" | "bf16";
  readonly b: "i8" | "bf16";
  readonly why: string;
}

export function nestProducts(index: NestIndex, nest: NestShape, ctx: PassContext): NestProducts {
  const { graph } = index;
  const weights = nest.weights ?? operand(nest.scores, 0);
  if (nest.mix === undefined || nest.o === undefined) return { scores: inF32, mix: inF32 };
  const scores = product(index, ctx, nest.scores, nest.s, {
    left: operand(nest.scores, 0),
    leftMembers: nest.pre,
    right: operand(nest.scores, 1),
    pre: nest.pre,
    isInNest: false,
  });
  const isRow = nest.rows.some((n) => resultOf(n) === weights);
  const mix = isRow
    ? product(index, ctx, nest.mix, nest.o, {
        left: weights,
        leftMembers: usedOnce(graph, nest.rows),
        right: operand(nest.mix, 1),
        pre: nest.pre,
        isInNest: true,
      })
    : inF32;
  return { scores, mix };
}

/** The product of f32 that the nest has anyhow. */
const inF32: NestProduct = { kernel: "gemm_f32", nr: 0, bytes: 4, verdict: undefined };

interface Operands {
  readonly left: ValueId;
  readonly leftMembers: readonly Node[];
  readonly right: ValueId;
  readonly pre: readonly Node[];
  /** The left operand is made by rows of the nest. */
  readonly isInNest: boolean;
}

/** The kernel of one product, with the verdict where there was a choice. */
function product(index: NestIndex, ctx: PassContext, node: Node, s: GemmShape, o: Operands): NestProduct {
  const found = candidate(index, ctx, s, o);
  if (found === undefined) return inF32;
  const told = (accepted: boolean, because: string, alternatives: Verdict["alternatives"] = []): Verdict => ({
    subject: "kernel",
    accepted,
    rule: "merge-nests/product",
    because,
    facts: [
      { name: "m", value: s.m },
      { name: "n", value: s.n },
      { name: "k", value: s.k },
    ],
    nodes: [node.id],
    value: resultOf(node),
    alternatives,
  });
  if (typeof found === "string") return { ...inF32, verdict: told(false, `computed in f32: ${found}`) };
  const isa = resolveIsa(ctx.options.isa, ctx.machine);
  const facts = { m: s.m, n: s.n, k: s.k, isa, bConstant: false };
  const plain = rankGemms(facts).find((r) => r.refused === undefined);
  const own = rankGemms({ ...facts, a: found.a, b: found.b }).filter((r) => r.refused === undefined);
  const [best] = own;
  const alternatives = [...own, ...(plain === undefined ? [] : [plain])].map((r) => ({
    choice: r.kernel.name,
    cost: r.speed,
    unit: "estimated speed, in f32 multiply-adds at their peak",
  }));
  // f32 has to make and pack floats of narrow operands: as fast is fast enough.
  if (best === undefined || best.speed < (plain?.speed ?? 0) * 0.95) {
    const slower = best === undefined ? "no kernel takes its operands" : `${best.kernel.name} is slower on ${isa}`;
    return { ...inF32, verdict: told(false, `computed in f32: ${slower}`, alternatives) };
  }
  const isBF16 = found.a === "bf16";
  return {
    kernel: best.kernel.name,
    nr: isBF16 ? gemmBF16Tile(isa).nr : gemmU8S8Panel(isa),
    bytes: isBF16 ? 2 : 1,
    verdict: told(true, `${best.kernel.name}: ${found.why}`, alternatives),
  };
}

/** What the operands could be instead of f32; a reason why not; undefined: they are f32, and nobody asked. */
function candidate(index: NestIndex, ctx: PassContext, s: GemmShape, o: Operands): Candidate | string | undefined {
  const { graph } = index;
  const behind = (of: typeof bytesBehind): readonly [NarrowSource | undefined, NarrowSource | undefined] => {
    const left = of(graph, o.leftMembers, o.left);
    return [o.isInNest ? left : inMemory(o.pre, left), inMemory(o.pre, of(graph, o.pre, o.right))];
  };
  const bytes = behind(bytesBehind);
  if (s.aIsVector || s.bLayout === "panels") return undefined;
  const [a, b] = bytes;
  if (a !== undefined && b !== undefined && readable(index, a, o.isInNest, false) && readable(index, b, false, true))
    return { a: a.dtype === "i8" ? "i8" : "u8", b: "i8", why: "on the bytes that both operands are dequantised from, with exact sums" };
  const asked = ctx.options.precision === "bf16";
  const wide = behind(bf16Behind);
  const lossless = wide.every((v) => v !== undefined);
  if (!asked && !lossless) return undefined;
  if (!hasBF16Products(resolveIsa(ctx.options.isa, ctx.machine))) return "there is no instruction for bf16 products, and f32 is as fast";
  if (s.m < leastRows) return `rounding the operands does not pay for ${s.m} rows`;
  const [left, right] = wide;
  if (left !== undefined && !readable(index, left, o.isInNest, false)) return "the left operand does not lie in rows";
  const plain = right ?? (o.pre.some((n) => resultOf(n) === o.right) ? undefined : { value: o.right });
  if (plain !== undefined && !readable(index, plain, false, true)) return "the right operand does not lie in rows or columns";
  return { a: "bf16", b: "bf16", why: lossless ? "the operands are bf16" : "the operands are rounded to bf16, once each" };
}

/** Does the kernel find it in memory? What rows of the nest make is put where it is wanted. */
function readable(index: NestIndex, source: Pick<NarrowSource, "value">, isInNest: boolean, either: boolean): boolean {
  if (isInNest) return true;
  const v = valueOf(index.graph, source.value);
  return v.layout === "plain" && isMatrix(stridesOf(index, source.value), index.shape(source.value), either);
}
