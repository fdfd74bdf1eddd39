/** One decoder block in the shape of LLaMA: RMS norm, rotary positions, grouped-query attention with a causal mask, SwiGLU. */
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { NetBuilder } from "./net-builder.ts";

const hidden = 1024;
const heads = 16;
const keyHeads = 4;
const inner = 2816;
const depth = hidden / heads;

function linear(net: NetBuilder, name: string, input: string, from: number, to: number): string {
  return net.scope(name, () =>
    net.op("MatMul", [input, net.weight("weight", "f32", [from, to], { kind: "bell", mean: 0, deviation: Math.sqrt(1 / from) })]),
  );
}

function rmsNorm(net: NetBuilder, name: string, input: string): string {
  return net.scope(name, () => {
    const mean = net.op("ReduceMean", [net.op("Pow", [input, net.constant("f32", [], [2])])], { axes: [-1] });
    const root = net.op("Sqrt", [net.op("Add", [mean, net.constant("f32", [], [1e-5])])]);
    const scaled = net.op("Mul", [input, net.op("Div", [net.constant("f32", [], [1]), root])]);
    return net.op("Mul", [net.weight("weight", "f32", [hidden], { kind: "bell", mean: 1, deviation: 0.1 }), scaled]);
  });
}

/** x * cos + rotate_half(x) * sin over [B, H, S, D]. */
function rotary(net: NetBuilder, value: string, cos: string, sin: string): string {
  const slice = (from: number, to: number): string =>
    net.op("Slice", [value, net.constant("i64", [1], [from]), net.constant("i64", [1], [to]), net.constant("i64", [1], [3])]);
  const turned = net.op("Concat", [net.op("Neg", [slice(depth / 2, depth)]), slice(0, depth / 2)], { axis: -1 });
  return net.op("Add", [net.op("Mul", [value, cos]), net.op("Mul", [turned, sin])]);
}

function attention(net: NetBuilder, input: string, cos: string, sin: string, mask: string, batch: number, seq: number): string {
  const split = (name: string, count: number): string => {
    const flat = linear(net, name, input, hidden, count * depth);
    return net.op("Transpose", [net.op("Reshape", [flat, net.constant("i64", [4], [batch, seq, count, depth])])], { perm: [0, 2, 1, 3] });
  };
  /** Every key head serves four query heads. */
  const repeat = (value: string): string => {
    const wide = net.op("Expand", [
      net.op("Unsqueeze", [value, net.constant("i64", [1], [2])]),
      net.constant("i64", [5], [batch, keyHeads, heads / keyHeads, seq, depth]),
    ]);
    return net.op("Reshape", [wide, net.constant("i64", [4], [batch, heads, seq, depth])]);
  };
  const q = rotary(net, split("q_proj", heads), cos, sin);
  const k = repeat(rotary(net, split("k_proj", keyHeads), cos, sin));
  const v = repeat(split("v_proj", keyHeads));
  const scores = net.op("MatMul", [q, net.op("Transpose", [k], { perm: [0, 1, 3, 2] })]);
  const scaled = net.op("Mul", [scores, net.constant("f32", [], [1 / Math.sqrt(depth)])]);
  const weights = net.op("Softmax", [net.op("Add", [scaled, mask])], { axis: -1 });
  const joined = net.op("Transpose", [net.op("MatMul", [weights, v])], { perm: [0, 2, 1, 3] });
  return linear(net, "o_proj", net.op("Reshape", [joined, net.constant("i64", [3], [batch, seq, hidden])]), hidden, hidden);
}

export function llamaBlock(batch: number, seq: number): OnnxModel {
  const net = new NetBuilder("llama", { name: "llama_block" });
  const input = net.input("hidden_states", "f32", [batch, seq, hidden]);
  const cos = net.input("cos", "f32", [1, 1, seq, depth]);
  const sin = net.input("sin", "f32", [1, 1, seq, depth]);
  const causal = Array.from({ length: seq * seq }, (_, i) => (i % seq > Math.floor(i / seq) ? -3.4028234663852886e38 : 0));
  const mask = net.initializer("causal_mask", "f32", [1, 1, seq, seq], causal);
  net.scope("model", () =>
    net.scope("layers.0", () => {
      const normed = rmsNorm(net, "input_layernorm", input);
      const attended = net.scope("self_attn", () => attention(net, normed, cos, sin, mask, batch, seq));
      const middle = net.op("Add", [input, attended]);
      const second = rmsNorm(net, "post_attention_layernorm", middle);
      const wide = net.scope("mlp", () => {
        const gate = linear(net, "gate_proj", second, hidden, inner);
        const silu = net.scope("act_fn", () => net.op("Mul", [gate, net.op("Sigmoid", [gate])]));
        return linear(net, "down_proj", net.op("Mul", [silu, linear(net, "up_proj", second, hidden, inner)]), inner, hidden);
      });
      net.last("Add", [middle, wide], "output");
    }),
  );
  net.output("output", "f32", [batch, seq, hidden]);
  return net.build();
}
