/** Softmax and normalisation kernels of the registry, as modules: data for manifests.test.ts. */
import { fromValues } from "../../compiler-core/graph/ndarray.ts";
import type { IsaName } from "../../compiler-core/machine.ts";
import { KernelModule, type KernelCase } from "./kernel-module.ts";
import { values } from "./gemm-cases.ts";

/** A kernel from x to y with row strides of their own; `more` names further inputs of one row. */
function rowCase(
  isa: IsaName,
  kernel: string,
  more: readonly string[],
  params: Record<string, number | string>,
  masked = false,
): KernelCase {
  const [rows, n, ldx, ldy] = [5, 37, 41, 39];
  const t = new KernelModule(isa);
  t.buffer("x", "f32", [rows, ldx], "input");
  for (const name of more) t.buffer(name, "f32", [n], "input");
  t.buffer("y", "f32", [rows, ldy], "output");
  const refs = Object.fromEntries(["x", "y", ...more].map((name) => [name, name]));
  t.call(kernel, refs, { rows, n, ldx, ldy }, params);
  const x = values("f32", [rows, ldx], 1);
  const given = masked
    ? fromValues(
        "f32",
        [rows, ldx],
        [...x.data].map((v, i) => (i < ldx || i % 3 === 0 ? -Infinity : Number(v))),
      )
    : x;
  return {
    name: `${kernel}(${[...more, ...Object.values(params)].join(", ")})`,
    module: t.finish(kernel),
    inputs: [given, ...more.map((_, i) => values("f32", [n], 2 + i))],
    columns: { of: n, pitch: ldy },
  };
}

/** Scores become weights, in a place of their own, with a factor for each row. */
function weightsCase(isa: IsaName): KernelCase {
  const [rows, n, lds, lde] = [7, 37, 41, 39];
  const t = new KernelModule(isa);
  t.buffer("s", "f32", [rows, lds], "input");
  t.buffer("e", "f32", [rows, lde], "output");
  t.buffer("factor", "f32", [rows], "output");
  t.call("softmax_weights_rows", { s: "s", e: "e", factor: "factor" }, { rows, n, lds, lde });
  return {
    name: "softmax_weights_rows",
    module: t.finish("softmax_weights_rows"),
    inputs: [values("f32", [rows, lds], 1)],
    columns: { of: n, pitch: lde },
  };
}

/** Scores become bytes of weights, with room for some rows of exponentials. */
function weightBytesCase(isa: IsaName): KernelCase {
  const [rows, n, lds, ldb, lde] = [7, 87, 91, 89, 90];
  const t = new KernelModule(isa);
  t.buffer("s", "f32", [rows, lds], "input");
  t.buffer("b", "u8", [rows, ldb], "output");
  t.buffer("e", "f32", [4, lde], "arena");
  t.call("softmax_bytes_rows", { s: "s", b: "b", e: "e" }, { rows, n, lds, ldb, lde }, { step: 700 });
  return {
    name: "softmax_bytes_rows",
    module: t.finish("softmax_bytes_rows"),
    inputs: [values("f32", [rows, lds], 1)],
    columns: { of: n, pitch: ldb },
  };
}

export const rowCases = (isa: IsaName): readonly KernelCase[] => [
  rowCase(isa, "softmax_rows", [], { masked: "nan" }),
  rowCase(isa, "softmax_rows", [], { masked: "zero" }, true),
  weightsCase(isa),
  weightBytesCase(isa),
  rowCase(isa, "log_softmax_rows", [], {}),
  rowCase(isa, "layer_norm_rows", ["gamma", "beta"], { epsilon: 1e-5 }),
  rowCase(isa, "rms_norm_rows", ["gamma"], { epsilon: 1 }),
];
