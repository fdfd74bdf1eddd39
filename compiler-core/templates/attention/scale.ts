/**
 * Scores on their way into a softmax: a constant divisor becomes a factor, the scale of a product of bytes is part of it, and a factor with a
 * summand behind it (the scale and the mask) one multiply-add. All round differently by half a unit in the last place at most, which a softmax turns into as much of its weights.
 */
import { valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { Expr } from "../../tensor/ir.ts";
import { operand, resultOf, scalarOf } from "../template.ts";
import type { NestCall } from "./block.ts";
import { softmaxPart } from "./shape.ts";
import { usersOf } from "../../graph/users.ts";

/** Computes the members on the register tile one by one; what is undefined is part of the member that reads it. */
export class ScoreArithmetic {
  readonly takesScale: boolean;
  readonly #isSoftmax: boolean;
  /** Scaled values that their only reader adds something to. */
  readonly #scaled = new Map<ValueId, { readonly score: Expr; readonly by: Expr }>();

  constructor(
    private readonly c: NestCall,
    private readonly isKept: (value: ValueId) => boolean,
    /** What a sum of the first product is to be multiplied by; the factor that follows does it where `takesScale`. */
    private readonly scale = 1,
  ) {
    this.#isSoftmax = softmaxPart(c.call.graph, c.nest) !== undefined;
    this.takesScale = this.#isOnlyFactored();
  }

  value(node: Node, args: readonly Expr[]): Expr | undefined {
    const { graph } = this.c.call;
    const factor = this.#isSoftmax ? this.#factor(node) : undefined;
    const [score] = args;
    if (factor !== undefined && score !== undefined) {
      if (!this.#onlyAdded(resultOf(node))) return x.mul(factor.at === 0 ? (args[1] ?? score) : score, factor.by);
      this.#scaled.set(resultOf(node), { score: factor.at === 0 ? (args[1] ?? score) : score, by: factor.by });
      return undefined;
    }
    const which = node.op === "add" ? [0, 1].find((i) => this.#scaled.has(operand(node, i))) : undefined;
    const [scaled, other] = which === undefined ? [] : [this.#scaled.get(operand(node, which)), args[1 - which]];
    return scaled !== undefined && other !== undefined ? x.fma(scaled.score, scaled.by, other) : scalarOf(graph, node, args);
  }

  /** The constant that scores are multiplied by (operand `at`). */
  #factor(node: Node): { readonly at: number; readonly by: Expr } | undefined {
    const { graph, storage } = this.c.call;
    if (valueOf(graph, resultOf(node)).dtype !== "f32" || (node.op !== "mul" && node.op !== "div")) return undefined;
    for (const at of node.op === "mul" ? [1, 0] : [1]) {
      const literal = storage.literal(operand(node, at));
      if (literal?.k !== "const" || typeof literal.value !== "number") continue;
      const own = node.op === "div" ? Math.fround(1 / literal.value) : literal.value;
      const by = this.takesScale && node.inputs.includes(resultOf(this.c.nest.scores)) ? Math.fround(own * this.scale) : own;
      // A divisor whose inverse is no normal number stays a divisor.
      if (!(Math.abs(by) >= 2 ** -126) || !Number.isFinite(by)) return undefined;
      return { at, by: x.constant(by, "f32") };
    }
    return undefined;
  }

  /** Does nothing but a factor read the first product? */
  #isOnlyFactored(): boolean {
    const { call, nest } = this.c;
    const scores = resultOf(nest.scores);
    const [reader, ...others] = call.graph.nodes.filter((n) => n.inputs.includes(scores));
    const isFactor = this.#isSoftmax && reader !== undefined && nest.tile.includes(reader) && this.#factor(reader) !== undefined;
    return isFactor && others.length === 0 && !this.isKept(scores) && !call.escaping.has(scores);
  }

  #onlyAdded(value: ValueId): boolean {
    const { call, nest } = this.c;
    const readers = usersOf(call.graph, value);
    const [reader] = readers;
    if (reader === undefined || readers.length > 1 || reader.op !== "add" || !nest.tile.includes(reader)) return false;
    return reader.inputs[0] !== reader.inputs[1] && !this.isKept(value) && !call.escaping.has(value);
  }
}
