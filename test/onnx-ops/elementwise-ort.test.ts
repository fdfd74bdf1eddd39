/** Elementwise operators in every element type: the reference evaluator against ONNX Runtime, where it has the operator in that type. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { toNumbers } from "../../compiler-core/graph/ndarray.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { decodeFloat } from "../../compiler-core/support/small-floats.ts";
import { isFloat, type DType } from "../../compiler-core/support/dtype.ts";
import { loadRuntime } from "../workloads/ort-models.ts";
import { bounds, elementwiseCases, pairs, type ElementwiseCase } from "./elementwise-cases.ts";

const runtime = await loadRuntime();
const missing = typeof runtime === "string" ? runtime : undefined;
/** ONNX element types by their number. */
const f32 = 1;
/** What ONNX Runtime does in another type than the operands', so that its answer is no yardstick. */
const quirks: Readonly<Record<string, string>> = {
  "Sign of f16": "the sign of NaN is 0 there",
  "Sign of bf16": "the sign of NaN is 0 there",
  "Shrink of f64": "computed in f32",
  "Shrink soft of f64": "computed in f32",
  "Gelu tanh of f64": "its constants are f32",
  "Mod fmod of i64": "computed in f64",
  "Mod fmod of u64": "computed in f64",
};
let ran = 0;

/** One node on constants; bf16 leaves as f32, which JavaScript can read. */
function modelOf(c: ElementwiseCase, dtype: DType): OnnxModel {
  const { a, b } = pairs(dtype, c.domain);
  const [lo, hi] = bounds(dtype);
  const m = modelBuilder({ opset: 24, irVersion: 11 });
  const type = dtype as Parameters<typeof m.initializer>[1];
  m.initializer("a", type, [a.length], [...a]);
  m.initializer("b", type, [b.length], [...b]);
  m.initializer(
    "c",
    "bool",
    [a.length],
    a.map((_, i) => (i % 3 === 0 ? 1 : 0)),
  );
  m.initializer("lo", type, [], [lo]);
  m.initializer("hi", type, [], [hi]);
  const test = /^(Is|Equal|Less|Greater|And|Or|Xor|Not)/.test(c.op);
  m.node(c.op, [...c.operands], "y", { attributes: c.attributes });
  const half = !test && dtype === "bf16";
  if (half) m.node("Cast", ["y"], "z", { attributes: { to: f32 } });
  m.output(half ? "z" : "y", test ? "bool" : half ? "f32" : type, [a.length]);
  return m.build();
}

async function runOrt(model: OnnxModel): Promise<readonly (number | bigint)[] | string> {
  assert.ok(typeof runtime !== "string");
  const options = { logSeverityLevel: 4, graphOptimizationLevel: "disabled", intraOpNumThreads: 1 } as const;
  try {
    const session = await runtime.InferenceSession.create(encodeModel(model), options);
    const [result] = Object.values(await session.run({}));
    await session.release();
    const list = Array.from(result!.data as ArrayLike<number | bigint>);
    return result!.type === "float16" ? list.map((code) => decodeFloat("f16", Number(code))) : list;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}

/** Their approximations in f32 are good to a few units of the sixth digit; f64 goes through other libraries. */
const slack: Readonly<Partial<Record<DType, number>>> = { f32: 4e-6, f64: 1e-12, f16: 2 ** -9, bf16: 2 ** -6 };

for (const c of elementwiseCases) {
  for (const dtype of c.types) {
    const name = `${c.name} of ${dtype}`;
    test(name, { skip: missing ?? (name in quirks ? `ONNX Runtime: ${quirks[name]}` : false) }, async (t) => {
      const model = modelOf(c, dtype);
      const want = await runOrt(model);
      if (typeof want === "string") return t.skip("ONNX Runtime has no such operator");
      ran++;
      const graph = importModel(model);
      const [have] = [...evaluateGraph(graph, new Map()).values()];
      const ours = isFloat(have!.dtype) ? toNumbers(have!) : Array.from(have!.data as ArrayLike<number | bigint>);
      const { a, b } = pairs(dtype, c.domain);
      want.forEach((w, i) => {
        const [u, v] = [Number(w), Number(ours[i])];
        const close = isFloat(dtype) && Math.abs(u - v) <= (slack[dtype] ?? 0) * Math.abs(u) + (dtype === "f64" ? 1e-15 : 1e-6);
        assert.ok(u === v || Object.is(u, v) || close, `${name}: (${a[i]}, ${b[i]}) gives ${ours[i]}, ONNX Runtime says ${w}`);
      });
    });
  }
}

after(() => missing ?? assert.ok(ran >= 200, `only ${ran} cases ran in ONNX Runtime`));
