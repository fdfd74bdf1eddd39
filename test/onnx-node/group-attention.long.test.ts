/** com.microsoft.GroupQueryAttention against ONNX Runtime: prompts and single steps, packed operands, caches that are filled differently. */
import { againstRuntime } from "./against-runtime.ts";
import { constant, given, one, type Operand } from "./math-cases.ts";
import type { AttributeInput } from "../../compiler-core/onnx/builder.ts";

interface Sizes {
  readonly batch: number;
  readonly fresh: number;
  readonly past: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly size: number;
  /** Positions that count, per batch; default: all. */
  readonly lengths?: readonly number[];
}

const lengthsOf = (s: Sizes, total: number): Operand => ({
  dtype: "i32",
  shape: [s.batch],
  values: Array.from({ length: s.batch }, (_, b) => (s.lengths?.[b] ?? total) - 1),
});

function attention(name: string, s: Sizes, attributes: Readonly<Record<string, AttributeInput>> = {}, packed = false) {
  const total = s.past + s.fresh;
  const [q, kv] = [s.heads * s.size, s.kvHeads * s.size];
  const operands: (Operand | null)[] = packed
    ? [given("f32", s.batch, s.fresh, q + 2 * kv), null, null]
    : [given("f32", s.batch, s.fresh, q), given("f32", s.batch, s.fresh, kv), given("f32", s.batch, s.fresh, kv)];
  const cache = (): Operand => given("f32", s.batch, s.kvHeads, s.past, s.size);
  operands.push(cache(), cache(), lengthsOf(s, total), constant("i32", [], total));
  if (attributes["do_rotary"] === 1) operands.push(given("f32", total + 3, s.size / 2), given("f32", total + 3, s.size / 2));
  return one(
    name,
    "GroupQueryAttention",
    operands,
    { num_heads: s.heads, kv_num_heads: s.kvHeads, ...attributes },
    { domain: "com.microsoft", outputs: 3 },
  );
}

const small = { batch: 2, heads: 4, kvHeads: 2, size: 8 };
againstRuntime("attention with a cache", [
  attention("a prompt", { ...small, fresh: 5, past: 0 }),
  attention("one step", { ...small, fresh: 1, past: 6 }),
  attention("several steps", { ...small, fresh: 3, past: 17, batch: 1 }),
  attention("caches filled differently", { ...small, fresh: 1, past: 6, lengths: [7, 4] }),
  attention("packed", { ...small, fresh: 5, past: 0 }, {}, true),
  attention("packed, one step", { ...small, fresh: 1, past: 16, kvHeads: 4 }, {}, true),
  attention("turned by position", { ...small, size: 16, fresh: 1, past: 6, lengths: [7, 5] }, { do_rotary: 1 }),
  attention("turned, a prompt, pairs", { ...small, size: 16, fresh: 5, past: 0 }, { do_rotary: 1, rotary_interleaved: 1 }),
  attention(
    "scaled and capped",
    { ...small, fresh: 4, past: 0 },
    {
      scale: { kind: "float", value: 0.3 },
      softcap: { kind: "float", value: 5 },
    },
  ),
]);
