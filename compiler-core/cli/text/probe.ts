/** What is said about tensors in the middle of a run, for people. */
import type { Divergence, ErrorReport, ProbedTensor, TensorComparison, TensorError, TensorMaker } from "#protocol";
import { alignColumns, printable, shorten, textTable } from "./align.ts";
import { errorText } from "./units.ts";

/** One tensor: where it is from, its figures, its first elements, and how it compares. */
export function tensorText(t: ProbedTensor & { readonly file?: string }): string[] {
  const { figures, first = [], against, notCompared, maker } = t;
  const how = {
    "in place": "read where the compiled code has it",
    "written out": "the compiled code has it in registers or scratch only: compiled once more with it as an output",
    input: "an input",
    constant: "a constant",
  }[t.how];
  return alignColumns([
    [printable(t.name), t.type],
    ["  is", how],
    ...(maker === undefined ? [] : [["  made by", makerText(maker)]]),
    ...(figures === undefined || Number.isNaN(figures.min)
      ? []
      : [
          [
            "  range",
            `${numberText(figures.min)} to ${numberText(figures.max)}, mean ${numberText(figures.mean)}, std ${numberText(figures.std)}`,
          ],
        ]),
    ...(figures === undefined
      ? []
      : [["  counts", `${figures.zeros} zero, ${figures.nans} NaN, ${figures.infinities} infinite of ${figures.count}`]]),
    ...(first.length === 0 ? [] : [["  begins", first.map(numberText).join(", ") + ((figures?.count ?? 0) > first.length ? ", ..." : "")]]),
    ...(against === undefined ? [] : [["  beside ONNX Runtime", comparedText(against)]]),
    ...(notCompared === undefined ? [] : [["  not compared", printable(notCompared)]]),
    ...(t.file === undefined ? [] : [["  written to", printable(t.file)]]),
  ]);
}

const comparedText = (c: TensorComparison): string =>
  `max abs ${errorText(c.maxAbs)}, max rel ${errorText(c.maxRel)}: ${c.ok ? "ok" : `differs, ${c.why ?? ""}`}`;

/** `%12 matmul of #3, #4 in group 2 matmul_relu, put there by recognise (recognise/gelu)` */
function makerText({ node, op, sources, pass, rule, group, groupName = "" }: TensorMaker): string {
  const where = group === undefined ? "" : ` in group ${group} ${printable(groupName)}`;
  return `%${node} ${op} of ${shorten(sources.join(", "), 60)}${where}, put there by ${pass}${rule === undefined ? "" : ` (${rule})`}`;
}

/** The first that differs, with those around it; all of a model that agrees are one line. */
export function divergenceText(d: Divergence): string[] {
  const reference = d.against === "ort" ? `ONNX Runtime ${d.version ?? ""}`.trim() : "the evaluator in f32";
  const at = d.first === null ? -1 : d.tensors.findIndex((t) => t === d.first || t.name === d.first?.name);
  const around = d.first === null ? d.tensors.slice(-4) : d.tensors.slice(Math.max(0, at - 3), at + 4);
  const table = textTable<TensorComparison>(
    [
      { title: "tensor", cell: (t) => shorten(t.name, 60) },
      { title: "type", cell: (t) => `${t.dtype} ${t.shape.join("x")}` },
      { title: "our error", align: "right", cell: (t) => errorText(t.error) },
      { title: "reference's", align: "right", cell: (t) => errorText(t.referenceError) },
      { title: "limit", align: "right", cell: (t) => errorText(t.limit) },
      { title: "", cell: (t) => (t.ok ? "ok" : `differs: ${t.why ?? ""}`) },
    ],
    around,
  );
  const bad = d.tensors.filter((t) => !t.ok).length;
  const head = `${d.tensors.length} tensors in memory against ${reference}; ${d.unseen} of the file are made and used up inside of nests`;
  const note = d.note === undefined ? [] : [`ONNX Runtime did not take part: ${printable(d.note)}`];
  if (d.first === null) return [...table, "", head, ...note, "ok: no tensor diverges"];
  return [
    ...table,
    "",
    head,
    ...note,
    `not ok: ${printable(d.first.name)} is the first of ${bad} that diverge`,
    ...(d.first.maker === undefined ? [] : [`made by ${makerText(d.first.maker)}`]),
    ...(d.suspects.length === 0 ? [] : [`its nest computes ${shorten(printable(d.suspects.join(", ")), 200)}`]),
  ];
}

/** Tensors that are listed; --json has all. */
const worst = 20;

export function errorsText(r: ErrorReport): string[] {
  const what = r.precision === "bf16" ? "bf16 products against f32" : "quantised tensors against the float model";
  const reference = r.reference === "f64" ? "an evaluation in f64" : `our own code in f32 (${r.because ?? "there is no evaluation"})`;
  return [
    `${what}: ${r.tensors.length} tensors in memory, held against ${reference}`,
    "",
    ...errorTable(r.tensors.slice(0, worst)),
    ...(r.tensors.length > worst ? [`... and ${r.tensors.length - worst} better ones`] : []),
    ...(r.outputs.length === 0 ? [] : ["", "outputs of the model", ...errorTable(r.outputs)]),
  ];
}

const errorTable = (rows: readonly TensorError[]): string[] =>
  textTable<TensorError>(
    [
      { title: "tensor", cell: (t) => shorten(t.name, 60) },
      { title: "in memory", cell: (t) => `${t.dtype} ${t.shape.join("x")}` },
      { title: "SQNR", align: "right", cell: (t) => decibels(t.sqnrDb) },
      { title: "max abs", align: "right", cell: (t) => errorText(t.maxAbs) },
      { title: "of the greatest", align: "right", cell: (t) => errorText(t.maxRel) },
      { title: "mean abs", align: "right", cell: (t) => errorText(t.meanAbs) },
      { title: "made by", cell: (t) => (t.maker === undefined ? "" : `${t.maker.op} of ${shorten(t.maker.sources.join(", "), 24)}`) },
    ],
    rows,
  );

const decibels = (db: number): string => (db === Infinity ? "exact" : Number.isFinite(db) ? `${db.toFixed(1)} dB` : "no signal");
const numberText = (v: number): string => (Number.isInteger(v) && Math.abs(v) < 1e9 ? String(v) : Number(v.toPrecision(6)).toString());
