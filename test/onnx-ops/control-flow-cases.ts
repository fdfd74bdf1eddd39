/** Models with If, Loop and Scan whose course is known at compile time, with what makes them hard: captures, nesting, functions, shapes. */
import {
  attribute,
  functionDefinition,
  GraphBuilder,
  modelBuilder,
  node,
  type AttributeInput,
  type ModelBuilder,
} from "../../compiler-core/onnx/builder.ts";
import { fromValues } from "../../compiler-core/graph/ndarray.ts";
import type { SequenceCase } from "./sequence-cases.ts";

const body = (name: string, write: (g: GraphBuilder) => void): AttributeInput => {
  const g = new GraphBuilder(name);
  write(g);
  return { kind: "graph", value: g.graph() };
};
const i64 = (g: GraphBuilder, name: string, values: readonly number[], dims: readonly number[] = []): string =>
  g.initializer(name, "i64", dims, values);
const bool = (g: GraphBuilder, name: string, value: boolean): string => g.initializer(name, "bool", [], Uint8Array.of(value ? 1 : 0));

/** A model over `x`, three rows of two. */
function make(name: string, write: (m: ModelBuilder) => void, opset = 17): SequenceCase {
  const m = modelBuilder({ opset, opsets: { local: 1 } });
  m.input("x", "f32", [3, 2]);
  write(m);
  return { name, model: m.build(), inputs: new Map([["x", fromValues("f32", [3, 2], [1, -2, 3, 0.5, -0.25, 4])]]) };
}

const branches = (then: string, otherwise: string): Readonly<Record<string, AttributeInput>> => ({
  then_branch: body("then", (g) => {
    g.node(then, ["x"], "a");
    g.output("a", "f32");
  }),
  else_branch: body("else", (g) => {
    g.node(otherwise, ["x"], "a");
    g.output("a", "f32");
  }),
});

/** carried = carried + x * iteration; scan output: carried before. */
const summing = (extra: (g: GraphBuilder) => string): AttributeInput =>
  body("sum", (g) => {
    g.input("i", "i64", []);
    g.input("go", "bool", []);
    g.input("v", "f32", [3, 2]);
    const f = g.node("Cast", ["i"], "f", { attributes: { to: 1 } });
    g.node("Add", ["v", g.node("Mul", ["x", f], "p")], "w");
    g.node("Identity", ["v"], "seen");
    g.output(extra(g), "bool");
    g.output("w", "f32", [3, 2]);
    g.output("seen", "f32", [3, 2]);
  });

const scanBody = body("scan", (g) => {
  g.input("s", "f32", [2]);
  g.input("e", "f32", [2]);
  g.node("Add", ["s", "e"], "t");
  g.node("Mul", ["t", "e"], "u");
  g.output("t", "f32", [2]);
  g.output("u", "f32", [2]);
});

const scanOptions: readonly Readonly<Record<string, readonly number[]>>[] = [
  {},
  { scan_input_directions: [1] },
  { scan_output_directions: [1] },
  { scan_output_axes: [1] },
  { scan_output_axes: [-1], scan_input_directions: [1] },
];

export const controlFlowCases: readonly SequenceCase[] = [
  make("If, constant", (m) => {
    m.node("If", [bool(m, "c", true)], "y", { attributes: branches("Exp", "Neg") });
    m.output("y", "f32");
  }),
  make("If, a condition that follows from shapes", (m) => {
    const rows = m.node("Gather", [m.node("Shape", ["x"], "shape"), i64(m, "first", [0])], "rows");
    m.node("If", [m.node("Equal", [rows, i64(m, "four", [4])], "c")], "y", { attributes: branches("Exp", "Neg") });
    m.output("y", "f32");
  }),
  make("If, a late condition: both branches and a choice", (m) => {
    const sum = m.node("ReduceSum", ["x"], "sum", { attributes: { keepdims: 0 } });
    m.node("If", [m.node("Greater", [sum, m.initializer("zero", "f32", [], [0])], "c")], "y", { attributes: branches("Tanh", "Neg") });
    m.output("y", "f32");
  }),
  make("If in If, names of the outer branch captured", (m) => {
    const inner = (g: GraphBuilder): string =>
      g.node("If", ["c"], "z", {
        attributes: {
          then_branch: body("t", (h) => {
            h.node("Mul", ["k", "x"], "q");
            h.output("q", "f32");
          }),
          else_branch: body("e", (h) => {
            h.node("Neg", ["k"], "q");
            h.output("q", "f32");
          }),
        },
      });
    bool(m, "c", true);
    const branch = body("outer", (g) => {
      g.node("Abs", ["x"], "k");
      g.output(inner(g), "f32");
    });
    m.node("If", ["c"], "y", { attributes: { then_branch: branch, else_branch: branch } });
    m.output("y", "f32");
  }),
  ...[4, 1, 0].map((trips) =>
    make(`Loop, ${trips} iterations`, (m) => {
      const sum = summing((g) => g.node("Identity", ["go"], "on"));
      m.multi("Loop", [i64(m, "trips", [trips]), bool(m, "c", true), "x"], ["y", "all"], { attributes: { body: sum } });
      m.output("y", "f32", [3, 2]);
      m.output("all", "f32");
    }),
  ),
  make("Loop, ended by its condition", (m) => {
    const sum = summing((g) => g.node("Less", ["i", i64(g, "two", [2])], "on"));
    m.multi("Loop", ["", bool(m, "c", true), "x"], ["y", "all"], { attributes: { body: sum } });
    m.output("y", "f32");
    m.output("all", "f32");
  }),
  make("Loop, as often as there are rows", (m) => {
    const rows = m.node("Gather", [m.node("Shape", ["x"], "shape"), i64(m, "first", [0])], "rows");
    const pick = body("pick", (g) => {
      g.input("i", "i64", []);
      g.input("go", "bool", []);
      g.node("Gather", ["x", "i"], "row");
      g.node("Identity", ["go"], "on");
      g.output("on", "bool");
      g.output("row", "f32");
    });
    m.node("Loop", [rows, ""], "y", { attributes: { body: pick } });
    m.output("y", "f32");
  }),
  make("Loop in Loop", (m) => {
    const inner = body("inner", (g) => {
      g.input("j", "i64", []);
      g.input("go2", "bool", []);
      g.input("b", "f32", [3, 2]);
      const f = g.node("Cast", [g.node("Add", ["i", "j"], "ij")], "f", { attributes: { to: 1 } });
      g.node("Add", ["b", f], "b2");
      g.node("Identity", ["go2"], "on2");
      g.output("on2", "bool");
      g.output("b2", "f32", [3, 2]);
    });
    const outer = body("outer", (g) => {
      g.input("i", "i64", []);
      g.input("go", "bool", []);
      g.input("a", "f32", [3, 2]);
      g.node("Loop", [g.node("Identity", ["i"], "n"), "", "a"], "a2", { attributes: { body: inner } });
      g.node("Identity", ["go"], "on");
      g.output("on", "bool");
      g.output("a2", "f32", [3, 2]);
    });
    m.node("Loop", [i64(m, "trips", [3]), "", "x"], "y", { attributes: { body: outer } });
    m.output("y", "f32");
  }),
  ...scanOptions.map((options) =>
    make(`Scan ${JSON.stringify(options)}`, (m) => {
      m.initializer("s0", "f32", [2], [0.5, -1]);
      m.multi("Scan", ["s0", "x"], ["s", "all"], { attributes: { body: scanBody, num_scan_inputs: 1, ...options } });
      m.output("s", "f32");
      m.output("all", "f32");
    }),
  ),
  make("Scan along the last axis", (m) => {
    m.initializer("s0", "f32", [2], [0.5, -1]);
    m.node("Transpose", ["x"], "xt");
    m.multi("Scan", ["s0", "xt"], ["s", "all"], { attributes: { body: scanBody, num_scan_inputs: 1, scan_input_axes: [1] } });
    m.output("s", "f32");
    m.output("all", "f32");
  }),
  make("SplitToSequence, SequenceAt, ConcatFromSequence", (m) => {
    m.node("SplitToSequence", ["x", i64(m, "sizes", [1, 2], [2])], "parts", { attributes: { axis: 0 } });
    m.node("Identity", ["parts"], "same");
    m.node("Neg", [m.node("SequenceAt", ["same", i64(m, "last", [-1])], "tail")], "y");
    m.node("SplitToSequence", ["x"], "rows", { attributes: { axis: 0, keepdims: 0 } });
    m.node("ConcatFromSequence", ["rows"], "z", { attributes: { axis: 1, new_axis: 1 } });
    m.output("y", "f32");
    m.output("z", "f32");
  }),
  make("SequenceConstruct, SequenceInsert, SequenceErase, SequenceLength", (m) => {
    m.node("SequenceConstruct", ["x", m.node("Abs", ["x"], "a")], "s");
    m.node("SequenceInsert", ["s", m.node("Exp", ["x"], "e"), i64(m, "one", [1])], "s3");
    m.node("SequenceErase", ["s3", i64(m, "zero", [0])], "s2");
    m.node("ConcatFromSequence", ["s2"], "y", { attributes: { axis: 0 } });
    m.node("Cast", [m.node("SequenceLength", ["s3"], "n")], "z", { attributes: { to: 1 } });
    m.output("y", "f32");
    m.output("z", "f32");
  }),
  make("Optional values", (m) => {
    m.node("Optional", ["x"], "o");
    m.node("If", [m.node("OptionalHasElement", ["o"], "has")], "y", { attributes: branches("Exp", "Neg") });
    m.node("Neg", [m.node("OptionalGetElement", ["o"], "v")], "z");
    m.output("y", "f32");
    m.output("z", "f32");
  }),
  make("functions in functions, with an If that reads an operand and an attribute of its function", (m) => {
    const alpha = { name: "alpha", docString: "", refAttrName: "slope", kind: "float", value: 0 } as const;
    const leaky = { ...node("LeakyRelu", ["v"], ["r"]), attributes: [alpha] };
    const graph = (inner: typeof leaky): AttributeInput => {
      const g = new GraphBuilder("branch");
      g.output("r", "f32");
      return { kind: "graph", value: { ...g.graph(), nodes: [inner] } };
    };
    const choose = node("If", ["yes"], ["out"], { attributes: { then_branch: graph(leaky), else_branch: graph(leaky) } });
    const yes = node("Constant", [], ["yes"], { attributes: { value: { kind: "tensor", value: truth() } } });
    const inner = functionDefinition("local", "Inner", ["v"], ["out"], [yes, choose], {
      attributeDefaults: [attribute("slope", { kind: "float", value: 0.25 })],
    });
    const call = (from: string, to: string, slope?: number) =>
      node("Inner", [from], [to], { domain: "local", attributes: slope === undefined ? {} : { slope: { kind: "float", value: slope } } });
    const outer = functionDefinition("local", "Outer", ["v"], ["out"], [call("v", "r"), call("r", "out", 0.5)]);
    m.function({ ...inner, opsetImports: [...inner.opsetImports, { domain: "local", version: 1 }] });
    m.function({ ...outer, opsetImports: [...outer.opsetImports, { domain: "local", version: 1 }] });
    m.node("Outer", ["x"], "y", { domain: "local" });
    m.output("y", "f32");
  }),
];

function truth() {
  const g = new GraphBuilder("truth");
  bool(g, "true", true);
  return g.graph().initializers[0]!;
}
