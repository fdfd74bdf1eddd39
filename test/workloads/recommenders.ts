/** DLRM (arXiv 1906.00091): dense features through MLP_1, 26 embeddings, pairwise dot products, MLP_2. */
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { mlpWidths } from "./mlp.ts";
import { NetBuilder, he } from "./net-builder.ts";

const tables = 26;
const rows = 1000;
const depth = 128;

function tower(
  net: NetBuilder,
  name: string,
  input: string,
  widths: readonly number[],
  lastOp: "Relu" | "Sigmoid",
  output?: string,
): string {
  return net.scope(name, () => {
    let value = input;
    for (let layer = 1; layer < widths.length; layer++) {
      const k = widths[layer - 1] ?? 0;
      const n = widths[layer] ?? 0;
      const isLast = layer === widths.length - 1;
      const weight = net.weight(`${2 * (layer - 1)}.weight`, "f32", [n, k], he(k, isLast && lastOp === "Sigmoid" ? 0.2 : 2));
      const bias = net.weight(`${2 * (layer - 1)}.bias`, "f32", [n], { kind: "bell", mean: 0.1, deviation: 0.1 });
      const sum = net.op("Gemm", [value, weight, bias], { transB: 1 });
      const opType = isLast ? lastOp : "Relu";
      value = isLast && output !== undefined ? net.last(opType, [sum], output) : net.op(opType, [sum]);
    }
    return value;
  });
}

export function dlrm(batch: number): OnnxModel {
  const net = new NetBuilder("dlrm", { name: "dlrm" });
  const dense = net.input("dense_x", "f32", [batch, 13]);
  const indices = net.input("sparse_i", "i64", [tables, batch]);
  const bottom = tower(net, "bot_l", dense, mlpWidths.mlp1, "Relu");
  const rowsOf = net.scope("emb_l", () =>
    Array.from({ length: tables }, (_, table) => {
      const weight = net.weight(`${table}.weight`, "f32", [rows, depth], { kind: "bell", mean: 0, deviation: 0.3 });
      return net.op("Gather", [weight, net.op("Gather", [indices, net.constant("i64", [], [table])], { axis: 0 })], { axis: 0 });
    }),
  );
  const features = net.scope("interact", () => {
    const joined = net.op("Concat", [bottom, ...rowsOf], { axis: 1 });
    const stacked = net.op("Reshape", [joined, net.constant("i64", [3], [batch, tables + 1, depth])]);
    const products = net.op("MatMul", [stacked, net.op("Transpose", [stacked], { perm: [0, 2, 1] })]);
    const flat = net.op("Reshape", [products, net.constant("i64", [2], [batch, (tables + 1) ** 2])]);
    const pairs: number[] = [];
    for (let i = 0; i <= tables; i++) for (let j = 0; j < i; j++) pairs.push(i * (tables + 1) + j);
    const lower = net.op("Gather", [flat, net.initializer("interact.lower_triangle", "i64", [pairs.length], pairs)], { axis: 1 });
    const scaled = net.op("Mul", [lower, net.constant("f32", [], [1 / 8])]);
    return net.op("Concat", [bottom, scaled], { axis: 1 });
  });
  tower(net, "top_l", features, mlpWidths.mlp2, "Sigmoid", "probability");
  net.output("probability", "f32", [batch, 1]);
  return net.build();
}
