/**
 * LinearAttention (ONNX 27): a state per head that keys and values are added to, token by token, and that queries read. Steps are written out,
 * which suits decoding and short prompts.
 */
import type { ValueId } from "../../graph/ir.ts";
import type { DType } from "../../support/dtype.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";
import { castTo, typeOf } from "./ml-scores.ts";

/** Tokens beyond this would be a loop of their own. */
const maxSteps = 64;

const rulesOf: Readonly<Record<string, { readonly gated: boolean; readonly delta: boolean }>> = {
  linear: { gated: false, delta: false },
  gated: { gated: true, delta: false },
  delta: { gated: false, delta: true },
  gated_delta: { gated: true, delta: true },
};

const widthOf = (c: BuildCall, operand: number): number => {
  const width = c.shape(operand)?.[2];
  return typeof width === "number" ? width : notCompiled("the width of its operands is not known");
};

/** States are kept in f32: sums over many tokens. */
const isSmall = (dtype: DType): boolean => dtype === "f16" || dtype === "bf16";
const widened = (c: BuildCall, x: ValueId): ValueId => (isSmall(typeOf(c, x)) ? c.add("cast", [x], { to: "f32" }) : x);

/** What one token brings, as matrices per head: the batch, heads, rows, columns. */
function token(c: BuildCall, operand: number, t: number, heads: number, rows: number, columns: number): ValueId {
  const one = c.add("slice", [c.input(operand)], { starts: [t], ends: [t + 1], axes: [1], steps: [1] });
  return widened(c, c.reshape(one, [{ axis: 0 }, heads, rows, columns]));
}

function linearAttention(c: BuildCall) {
  const rule = rulesOf[c.text("update_rule", "gated_delta")] ?? notCompiled("its update_rule is not known");
  const queryHeads = c.int("q_num_heads") ?? notCompiled("q_num_heads is missing");
  const heads = c.int("kv_num_heads") ?? notCompiled("kv_num_heads is missing");
  const steps = c.shape(0)?.[1];
  if (typeof steps !== "number" || steps < 1 || steps > maxSteps)
    return notCompiled(`its number of tokens is not 1 to ${maxSteps}, or not known`);
  const [size, valueSize, shared] = [widthOf(c, 1) / heads, widthOf(c, 2) / heads, queryHeads / heads];
  if (![size, valueSize, shared].every(Number.isInteger)) notCompiled("its heads do not divide its operands");
  const dtype = c.dtype(0);
  const scale = c.scalar(isSmall(dtype) ? "f32" : dtype, c.float("scale", 0) === 0 ? 1 / Math.sqrt(size) : c.float("scale", 0));
  let state = c.has(3) ? widened(c, c.input(3)) : undefined;
  const rows: ValueId[] = [];
  for (let t = 0; t < steps; t++) {
    const key = token(c, 1, t, heads, size, 1);
    const value = token(c, 2, t, heads, 1, valueSize);
    if (rule.gated && state !== undefined) {
      const gates = widthOf(c, 4) / heads;
      state = c.add("mul", [state, c.add("exp", [token(c, 4, t, heads, gates, 1)])]);
    }
    // What the state says of the key already is taken off the value.
    const known = rule.delta && state !== undefined ? c.add("matmul", [token(c, 1, t, heads, 1, size), state]) : undefined;
    const news = known === undefined ? value : c.add("sub", [value, known]);
    const weighted = rule.delta ? c.add("mul", [news, token(c, 5, t, widthOf(c, 5), 1, 1)]) : news;
    const product = c.add("mul", [key, weighted]);
    state = state === undefined ? product : c.add("add", [state, product]);
    const query = token(c, 0, t, heads, shared, size);
    const read = c.add("mul", [c.add("matmul", [query, state]), scale]);
    rows.push(castTo(c, c.reshape(read, [{ axis: 0 }, 1, queryHeads * valueSize]), dtype));
  }
  return [rows.length === 1 ? rows[0]! : c.add("concat", rows, { axis: 1 }), castTo(c, state!, c.has(3) ? c.dtype(3) : dtype)];
}

export const linearAttentionBuilders: Readonly<Record<string, Builder>> = { LinearAttention: linearAttention };
