/**
 * Attention in every form that a file may have it: each becomes one nest, and none of its scores is in a buffer that outlives a block of rows; or the
 * verdict says why not.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { compile, defaultOptions, type Compilation, type MachineProfile } from "#core";
import { modelBuilder, type AttributeInput } from "../../compiler-core/onnx/builder.ts";
import type { OnnxDType } from "../../compiler-core/onnx/dtype.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { memoryStore } from "../../compiler-core/onnx/tensor-data.ts";
import { openModel, packageRoot } from "#core/io";
import { sequenceCases } from "../onnx-ops/sequence-cases.ts";

const machine: MachineProfile = {
  name: "test",
  cores: 4,
  caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 24 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
};

const compiled = (model: OnnxModel): Compilation =>
  compile(importModel(model, memoryStore()), { ...defaultOptions, threads: 2 }, machine, { now: () => 0 });

/** Values on the way of the scores, from the first product to the weights, that have memory beyond a block. */
function scoresInMemory(c: Compilation): readonly string[] {
  const inside = new Set<number>();
  for (const g of c.graph.groups.filter(({ template }) => template === "attention"))
    for (const m of g.members.filter(({ anchor }) => anchor === "scores" || anchor === "row")) inside.add(m.node);
  const made = new Set(c.graph.nodes.filter((n) => inside.has(n.id)).flatMap((n) => n.outputs));
  return (c.module?.buffers ?? [])
    .filter((b) => b.value !== undefined && made.has(b.value) && b.scope !== "thread")
    .map((b) => `${b.name} ${b.shape.join("x")} ${b.scope}`);
}

const nestsOf = (c: Compilation): number => c.graph.groups.filter((g) => g.template === "attention").length;

function expectNest(c: Compilation, nests = 1): void {
  assert.equal(c.error, undefined);
  assert.equal(nestsOf(c), nests, c.graph.groups.map((g) => `${g.template}:${g.name}`).join(", "));
  assert.deepEqual(scoresInMemory(c), []);
}

for (const c of sequenceCases.filter(({ name }) => /Attention/.test(name)))
  test(`com.microsoft.${c.name}`, () => {
    expectNest(compiled(c.model));
  });

interface Operand {
  readonly dtype?: OnnxDType;
  readonly shape: readonly number[];
  readonly values?: readonly number[];
}
interface Form {
  readonly op?: string;
  readonly domain?: string;
  readonly operands: readonly (Operand | null)[];
  readonly attributes?: Readonly<Record<string, AttributeInput>>;
  readonly outputs?: number;
  /** Why its scores are in memory after all: the rule of the verdict. */
  readonly refused?: string;
}

const [batch, heads, rows, keys, size] = [2, 4, 18, 22, 8];
const q4: Operand = { shape: [batch, heads, rows, size] };
const kv4 = (h = heads, n = keys): Operand => ({ shape: [batch, h, n, size] });
const flat = (n: number, h = heads): Operand => ({ shape: [batch, n, h * size] });
const scale = (value: number): AttributeInput => ({ kind: "float", value });

/** Operators of opset 24, and GroupQueryAttention with its cache. */
const forms: Readonly<Record<string, Form>> = {
  "heads apart": { operands: [q4, kv4(), kv4()] },
  "heads side by side": { operands: [flat(rows), flat(keys), flat(keys)], attributes: { q_num_heads: heads, kv_num_heads: heads } },
  causal: { operands: [q4, kv4(heads, rows), kv4(heads, rows)], attributes: { is_causal: 1 } },
  "another scale, softcap": { operands: [q4, kv4(), kv4()], attributes: { scale: scale(0.3), softcap: scale(4) } },
  "a mask to add": { operands: [q4, kv4(), kv4(), { shape: [rows, keys] }] },
  "a mask of booleans": { operands: [q4, kv4(), kv4(), { dtype: "bool", shape: [batch, 1, rows, keys] }] },
  "shared keys": { operands: [q4, kv4(2), kv4(2)] },
  "shared keys, side by side, causal": {
    operands: [flat(rows), flat(rows, 2), flat(rows, 2)],
    attributes: { q_num_heads: heads, kv_num_heads: 2, is_causal: 1 },
  },
  "a past": { operands: [q4, kv4(), kv4(), null, kv4(heads, 5), kv4(heads, 5)], outputs: 3 },
  "a past, causal": {
    operands: [q4, kv4(heads, rows), kv4(heads, rows), null, kv4(heads, 5), kv4(heads, 5)],
    outputs: 3,
    attributes: { is_causal: 1 },
  },
  "keys that count": { operands: [q4, kv4(), kv4(), null, null, null, { dtype: "i64", shape: [batch], values: [22, 7] }] },
  "the product as a result": {
    operands: [q4, kv4(), kv4(), null, kv4(heads, 5), kv4(heads, 5)],
    outputs: 4,
    refused: "merge-nests/read-elsewhere",
  },
  "a prompt of grouped heads": group({ fresh: 9, past: 0 }),
  "one step of grouped heads": group({ fresh: 1, past: 16 }),
  "a step that is turned by position": group({ fresh: 1, past: 16 }, { do_rotary: 1 }),
  "a prompt that is capped": group({ fresh: 9, past: 0 }, { softcap: scale(5) }),
};

function group(s: { readonly fresh: number; readonly past: number }, attributes: Readonly<Record<string, AttributeInput>> = {}): Form {
  const total = s.past + s.fresh;
  const angles: Operand = { shape: [total + 3, size / 2] };
  return {
    op: "GroupQueryAttention",
    domain: "com.microsoft",
    operands: [
      flat(s.fresh),
      flat(s.fresh, 2),
      flat(s.fresh, 2),
      kv4(2, s.past),
      kv4(2, s.past),
      { dtype: "i32", shape: [batch], values: [total - 1, total - 1] },
      { dtype: "i32", shape: [], values: [total] },
      ...(attributes["do_rotary"] === 1 ? [angles, angles] : []),
    ],
    attributes: { num_heads: heads, kv_num_heads: 2, ...attributes },
    outputs: 3,
  };
}

function modelOf({ op = "Attention", domain = "", operands, attributes = {}, outputs = 1 }: Form): OnnxModel {
  const b = modelBuilder({ opset: 24, opsets: { "com.microsoft": 1 } });
  const names = operands.map((o, i) => {
    if (o === null) return "";
    const dtype = o.dtype ?? "f32";
    return o.values === undefined ? b.input(`x${i}`, dtype, o.shape) : b.initializer(`x${i}`, dtype, o.shape, o.values);
  });
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  b.multi(op, names, results, { domain, attributes });
  for (const r of results) b.output(r, "f32");
  return b.build();
}

for (const [name, form] of Object.entries(forms))
  test(`${form.op ?? "Attention"}: ${name}`, () => {
    const c = compiled(modelOf(form));
    if (form.refused === undefined) return expectNest(c);
    assert.equal(c.error, undefined);
    assert.equal(nestsOf(c), 0);
    const verdict = c.verdicts.find((v) => v.rule === form.refused);
    assert.match(verdict?.because ?? "", /^not one nest: /);
  });

test("what a causal mask hides is not computed", () => {
  const long = (n: number): Form => ({ operands: [0, 1, 2].map(() => ({ shape: [1, 2, n, 32] })), attributes: { is_causal: 1 } });
  const c = compiled(modelOf(long(512)));
  expectNest(c);
  const verdict = c.verdicts.find((v) => v.rule === "merge-nests/attention");
  const fact = verdict?.facts.find((f) => f.name === "scores that a causal mask hides");
  assert.ok(Number(fact?.value) > 25, `${fact?.value} % are left out`);
  assert.match(c.source?.text ?? "", /const int64_t seen_\d+ = /, "the products end where the block's last row sees");
});

const backend = path.join(packageRoot(), "../shared/onnx-backend/node");
/** Scores or weights that are results have to be in memory. */
const reasons = ["merge-nests/read-elsewhere", "merge-nests/matmul-rows"];
/** ONNX's own cases that are not one nest, and why; `expanded` ones compute the mask as data and are not looked at here. */
const apart: Readonly<Record<string, string>> = {
  test_attention_3d_with_past_and_present_qk_matmul_bias: "merge-nests/read-elsewhere",
  test_attention_3d_with_past_and_present_qk_matmul_softmax: "merge-nests/matmul-rows",
  test_attention_4d_with_past_and_present_qk_matmul_bias: "merge-nests/read-elsewhere",
  test_attention_4d_with_past_and_present_qk_matmul_bias_3d_mask: "merge-nests/read-elsewhere",
  test_attention_4d_with_past_and_present_qk_matmul_bias_4d_mask: "merge-nests/read-elsewhere",
  test_attention_4d_with_qk_matmul_softcap: "merge-nests/read-elsewhere",
  test_attention_4d_with_qk_matmul_softmax: "merge-nests/matmul-rows",
};

test("ONNX's own cases of Attention", { skip: fs.existsSync(backend) ? false : "../shared/onnx-backend is not there" }, () => {
  const names = fs.readdirSync(backend).filter((n) => /^test_attention_/.test(n) && !n.endsWith("_expanded"));
  const wrong: string[] = [];
  for (const name of names) {
    const { model, store } = openModel(path.join(backend, name, "model.onnx"));
    const c = compile(importModel(model, store), { ...defaultOptions, threads: 2 }, machine, { now: () => 0 });
    const rule = c.verdicts.filter((v) => reasons.includes(v.rule)).at(-1)?.rule;
    const why = nestsOf(c) === 1 ? "" : (rule ?? "no verdict");
    if (why !== (apart[name] ?? "")) wrong.push(`${name}: ${why}`);
    if (scoresInMemory(c).length > 0) wrong.push(`${name}: ${scoresInMemory(c).join(", ")}`);
  }
  assert.deepEqual(wrong, []);
});
