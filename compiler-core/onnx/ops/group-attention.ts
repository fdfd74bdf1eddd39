/**
 * com.microsoft.GroupQueryAttention: attention with a cache of keys and values. How much of the cache is filled is data, per batch: new keys are
 * put behind the filled part, queries see what is filled up to their own position. Where the cache ends must be known at compile time.
 */
import type { ValueId } from "../../graph/ir.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

/** Operands by position. */
const at = { query: 0, key: 1, value: 2, pastKey: 3, pastValue: 4, lengths: 5, total: 6, cos: 7, sin: 8, positions: 9, bias: 10, sink: 11 };

function refuseOptions(c: BuildCall): void {
  if (c.int("local_window_size", -1) > 0) notCompiled("a local window is not supported");
  if (c.int("smooth_softmax", 0) > 0 || c.has(at.sink)) notCompiled("a smooth softmax is not supported");
  if (c.has(at.bias)) notCompiled("a bias of its scores is not supported");
  if (c.inputCount > at.sink + 1) notCompiled("a quantised cache is not supported");
  if (c.int("qk_output", 0) !== 0 || c.outputCount > 3) notCompiled("scores as a result are not supported");
  if (c.has(at.pastKey) !== c.has(at.pastValue)) notCompiled("it has a past of keys or values only");
}

interface Call {
  readonly c: BuildCall;
  readonly heads: number;
  readonly kvHeads: number;
  readonly size: number;
  /** Numbers of new positions and of positions in the past, i64 scalars. */
  readonly fresh: ValueId;
  readonly past: ValueId;
  /** Filled positions of the past, per batch: [batch, 1]. */
  readonly filled: ValueId;
}

const whole = (c: BuildCall, value: number): ValueId => c.scalar("i64", BigInt(value));
const extent = (c: BuildCall, x: ValueId, axis: number): ValueId => c.reshape(c.add("shape", [x], { start: axis, end: axis + 1 }), []);

/** Queries, keys and values as (batch, length, heads, size); one operand may hold all of them. */
function parts(c: BuildCall, heads: number, kvHeads: number): readonly [ValueId, ValueId, ValueId, number] {
  const width = c.shape(at.query)?.at(-1);
  if (typeof width !== "number") return notCompiled("the width of its queries is not known");
  const packed = !c.has(at.key);
  const size = packed ? width / (heads + 2 * kvHeads) : width / heads;
  if (!Number.isInteger(size)) notCompiled("its width is not a multiple of the number of heads");
  const apart = (x: ValueId, n: number): ValueId => c.reshape(x, [{ axis: 0 }, { axis: 1 }, n, size]);
  const [q, k, v] = packed
    ? c.addMany("split", [c.input(at.query)], { axis: -1, sizes: [heads * size, kvHeads * size, kvHeads * size] }, 3)
    : [c.input(at.query), c.input(at.key), c.input(at.value)];
  return [apart(q!, heads), apart(k!, kvHeads), apart(v!, kvHeads), size];
}

/** Turns by position, which is the filled part and what came before in this call. */
function rotated({ c, filled, fresh, size }: Call, x: ValueId): ValueId {
  const half = c.shape(at.cos)?.[1];
  if (typeof half !== "number") return notCompiled("the width of its table of angles is not known");
  const steps = c.add("range", [whole(c, 0), fresh, whole(c, 1)]);
  const positions = c.has(at.positions) ? c.input(at.positions) : c.add("add", [filled, steps]);
  const turned = c.add("rotary-embedding", [c.add("transpose", [x], { perm: [0, 2, 1, 3] }), c.input(at.cos), c.input(at.sin), positions], {
    interleaved: c.flag("rotary_interleaved"),
    heads: 0,
    width: 2 * half === size ? 0 : 2 * half,
  });
  return c.add("transpose", [turned], { perm: [0, 2, 1, 3] });
}

/** The cache with the new rows behind the filled part, zeros behind them: (batch, heads, positions, size). */
function cached({ c, past, fresh, filled }: Call, places: ValueId, old: ValueId | null, x: ValueId): ValueId {
  const both = old === null ? x : c.add("concat", [c.add("transpose", [old], { perm: [0, 2, 1, 3] }), x], { axis: 1 });
  const end = c.add("add", [filled, fresh]);
  const behind = c.add("add", [c.add("sub", [places, filled]), past]);
  const from = c.add("where", [c.add("less", [places, filled]), places, behind]);
  const last = c.add("sub", [c.add("add", [past, fresh]), whole(c, 1)]);
  const rows = c.add("gather-nd", [both, c.add("unsqueeze", [c.add("min", [from, last])], { axes: [-1] })], { batchDims: 1 });
  const inside = c.add("unsqueeze", [c.add("less", [places, end])], { axes: [-1, -2] });
  const kept = c.add("where", [inside, rows, c.scalar(c.context.graph.type(x).dtype, 0)]);
  return c.add("transpose", [kept], { perm: [0, 2, 1, 3] });
}

function groupQueryAttention(c: BuildCall) {
  refuseOptions(c);
  const heads = c.int("num_heads") ?? notCompiled("num_heads is missing");
  const kvHeads = c.int("kv_num_heads") ?? notCompiled("kv_num_heads is missing");
  const [q, k, v, size] = parts(c, heads, kvHeads);
  const fresh = extent(c, q, 1);
  const past = c.has(at.pastKey) ? extent(c, c.input(at.pastKey), 2) : whole(c, 0);
  const total = c.reshape(c.add("cast", [c.input(at.total)], { to: "i64" }), []);
  const lengths = c.add("reshape", [c.add("cast", [c.input(at.lengths)], { to: "i64" })], { shape: [-1, 1], allowZero: true });
  // A call that makes everything there is begins anew, whatever the cache holds.
  const before = c.add("sub", [c.add("add", [lengths, whole(c, 1)]), fresh]);
  const filled = c.add("where", [c.add("equal", [total, fresh]), whole(c, 0), before]);
  const call: Call = { c, heads, kvHeads, size, fresh, past, filled };
  const turn = (x: ValueId): ValueId => (c.flag("do_rotary") ? rotated(call, x) : x);
  const places = c.add("range", [whole(c, 0), c.add("max", [total, past]), whole(c, 1)]);
  const keys = cached(call, places, c.optional(at.pastKey), turn(k));
  const values = cached(call, places, c.optional(at.pastValue), v);
  const seen = c.add("reshape", [c.add("add", [filled, fresh])], { shape: [-1], allowZero: true });
  const queries = c.add("transpose", [turn(q)], { perm: [0, 2, 1, 3] });
  const scale = c.float("scale", 0);
  const y = c.add("attention", [queries, keys, values, null, null, null, seen], {
    ...(scale === 0 ? {} : { scale }),
    softcap: c.float("softcap", 0),
    causal: true,
  });
  const rows = c.add("transpose", [y], { perm: [0, 2, 1, 3] });
  return [c.reshape(rows, [{ axis: 0 }, { axis: 1 }, heads * size]), keys, values];
}

export const groupAttentionBuilders: Readonly<Record<string, Builder>> = {
  "com.microsoft.GroupQueryAttention": groupQueryAttention,
};
