/**
 * Encoder models as exporters write them: layer norm and GELU as loose operators, heads by Reshape and Transpose, scope names of
 * Hugging Face's BERT. BERT-base at full size, and graphs of a given number of nodes with tiny tensors.
 */
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { NetBuilder } from "./net-builder.ts";
import { bytesWeight, stepsOf, throughBytes, type EncoderForm, type EncoderSteps } from "./quantised-encoder.ts";

export interface EncoderShape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly inner: number;
  readonly vocabulary: number;
  readonly positions: number;
  readonly batch: number | string;
  readonly seq: number | string;
}

export const bertBase: EncoderShape = {
  layers: 12,
  hidden: 768,
  heads: 12,
  inner: 3072,
  vocabulary: 30522,
  positions: 512,
  batch: 1,
  seq: 128,
};

const deviation = { kind: "bell", mean: 0, deviation: 0.02 } as const;

function linear(net: NetBuilder, name: string, input: string, from: number, to: number, form: EncoderForm): string {
  return net.scope(name, () => {
    const spread = Math.sqrt(1 / from);
    const weight =
      form === "qdq"
        ? bytesWeight(net, from, to, spread)
        : net.weight("weight", "f32", [from, to], { kind: "bell", mean: 0, deviation: spread });
    const bias = net.weight("bias", "f32", [to], deviation);
    return net.op("Add", [bias, net.op("MatMul", [input, weight])]);
  });
}

/** (x - mean) / sqrt(mean((x - mean)^2) + eps) * weight + bias, in eight nodes. */
function layerNorm(net: NetBuilder, input: string, hidden: number): string {
  return net.scope("LayerNorm", () => {
    const centred = net.op("Sub", [input, net.op("ReduceMean", [input], { axes: [-1] })]);
    const squared = net.op("Pow", [centred, net.constant("f32", [], [2])]);
    const variance = net.op("ReduceMean", [squared], { axes: [-1] });
    const root = net.op("Sqrt", [net.op("Add", [variance, net.constant("f32", [], [1e-12])])]);
    const scaled = net.op("Mul", [
      net.op("Div", [centred, root]),
      net.weight("weight", "f32", [hidden], { kind: "bell", mean: 1, deviation: 0.1 }),
    ]);
    return net.op("Add", [scaled, net.weight("bias", "f32", [hidden], deviation)]);
  });
}

/** x * (erf(x / sqrt(2)) + 1) * 0.5. */
function gelu(net: NetBuilder, input: string): string {
  return net.scope("intermediate_act_fn", () => {
    const erf = net.op("Erf", [net.op("Div", [input, net.constant("f32", [], [Math.SQRT2])])]);
    const product = net.op("Mul", [input, net.op("Add", [erf, net.constant("f32", [], [1])])]);
    return net.op("Mul", [product, net.constant("f32", [], [0.5])]);
  });
}

function attention(net: NetBuilder, input: string, mask: string, shape: EncoderShape, form: EncoderForm): string {
  const { hidden, heads } = shape;
  const steps = stepsOf(shape);
  const at = (value: string, where: keyof EncoderSteps): string => (form === "qdq" ? throughBytes(net, value, steps[where]) : value);
  const depth = hidden / heads;
  return net.scope("attention", () => {
    const context = net.scope("self", () => {
      const head = (name: string, perm: readonly number[]): string => {
        const split = net.op("Reshape", [
          at(linear(net, name, input, hidden, hidden, form), "head"),
          net.constant("i64", [4], [0, 0, heads, depth]),
        ]);
        return net.op("Transpose", [split], { perm });
      };
      const q = head("query", [0, 2, 1, 3]);
      const k = head("key", [0, 2, 3, 1]);
      const v = head("value", [0, 2, 1, 3]);
      const scores = net.op("Div", [net.op("MatMul", [q, k]), net.constant("f32", [], [Math.sqrt(depth)])]);
      const weights = at(net.op("Softmax", [net.op("Add", [scores, mask])], { axis: -1 }), "weights");
      const joined = net.op("Transpose", [at(net.op("MatMul", [weights, v]), "context")], { perm: [0, 2, 1, 3] });
      return net.op("Reshape", [joined, net.constant("i64", [3], [0, 0, hidden])]);
    });
    return net.scope("output", () => {
      const sum = net.op("Add", [linear(net, "dense", context, hidden, hidden, form), input]);
      return at(layerNorm(net, sum, hidden), "norm");
    });
  });
}

/** Nodes that one encoder layer adds. */
export const nodesPerLayer = 50;

function encoderLayer(net: NetBuilder, input: string, mask: string, shape: EncoderShape, form: EncoderForm): string {
  const { hidden, inner } = shape;
  const steps = stepsOf(shape);
  const at = (value: string, where: keyof EncoderSteps): string => (form === "qdq" ? throughBytes(net, value, steps[where]) : value);
  const attended = attention(net, input, mask, shape, form);
  const wide = net.scope("intermediate", () => at(gelu(net, linear(net, "dense", attended, hidden, inner, form)), "inner"));
  return net.scope("output", () => {
    const sum = net.op("Add", [linear(net, "dense", wide, inner, hidden, form), attended]);
    return at(layerNorm(net, sum, hidden), "norm");
  });
}

function embeddings(net: NetBuilder, ids: string, types: string, shape: EncoderShape): string {
  const { hidden, vocabulary, positions } = shape;
  return net.scope("embeddings", () => {
    const table = (name: string, rows: number): string =>
      net.weight(`${name}.weight`, "f32", [rows, hidden], { kind: "bell", mean: 0, deviation: 0.5 });
    const words = net.scope("word_embeddings", () => net.op("Gather", [table("word_embeddings", vocabulary), ids]));
    const kinds = net.scope("token_type_embeddings", () => net.op("Gather", [table("token_type_embeddings", 2), types]));
    const length = net.op("Gather", [net.op("Shape", [ids]), net.constant("i64", [], [1])], { axis: 0 });
    const range = net.op("Range", [net.constant("i64", [], [0]), length, net.constant("i64", [], [1])]);
    const places = net.scope("position_embeddings", () => net.op("Gather", [table("position_embeddings", positions), range]));
    return layerNorm(net, net.op("Add", [net.op("Add", [words, kinds]), places]), hidden);
  });
}

/** 1 / 0 over [B, S] to 0 / -10000 over [B, 1, 1, S]. */
function additiveMask(net: NetBuilder, mask: string): string {
  const wide = net.op("Unsqueeze", [mask, net.constant("i64", [2], [1, 2])]);
  const inverted = net.op("Sub", [net.constant("f32", [], [1]), net.op("Cast", [wide], { to: 1 })]);
  return net.op("Mul", [inverted, net.constant("f32", [], [-10000])]);
}

/** An encoder with embeddings and pooler. With `nodes`, ended by a chain of scalings that brings the graph to exactly that size. */
export function encoder(name: string, shape: EncoderShape, nodes?: number, form: EncoderForm = "f32"): OnnxModel {
  const { batch, seq, hidden } = shape;
  const net = new NetBuilder(name, { name, opset: 17, producerName: "fusionscope workloads" });
  const ids = net.input("input_ids", "i64", [batch, seq]);
  const mask = net.input("attention_mask", "i64", [batch, seq]);
  const types = net.input("token_type_ids", "i64", [batch, seq]);
  const additive = additiveMask(net, mask);
  let state = embeddings(net, ids, types, shape);
  if (form === "qdq") state = net.scope("embeddings", () => throughBytes(net, state, stepsOf(shape).norm));
  for (let layer = 0; layer < shape.layers; layer++) {
    state = net.scope("encoder", () => net.scope(`layer.${layer}`, () => encoderLayer(net, state, additive, shape, form)));
  }
  net.scope("head", () => {
    while (nodes !== undefined && net.nodeCount < nodes - 4) state = net.op("Mul", [state, net.constant("f32", [], [1.001])]);
  });
  net.last("Identity", [state], "last_hidden_state");
  net.scope("pooler", () => {
    const first = net.op("Gather", [state, net.constant("i64", [], [0])], { axis: 1 });
    const dense = net.op(
      "Gemm",
      [first, net.weight("dense.weight", "f32", [hidden, hidden], deviation), net.weight("dense.bias", "f32", [hidden], deviation)],
      { transB: 1 },
    );
    net.last("Tanh", [dense], "pooler_output");
  });
  net.output("last_hidden_state", "f32", [batch, seq, hidden]);
  net.output("pooler_output", "f32", [batch, hidden]);
  return net.build();
}

/** A transformer-like graph of exactly `nodes` nodes, with tensors of a few kilobytes. */
export function encoderOfNodes(nodes: number): OnnxModel {
  const fixed = 25;
  const layers = Math.max(1, Math.floor((nodes - fixed) / nodesPerLayer));
  const shape = { layers, hidden: 16, heads: 2, inner: 32, vocabulary: 100, positions: 32, batch: 1, seq: 8 };
  return encoder(`nodes${nodes}`, shape, nodes);
}
