/**
 * The text form of the Graph IR: one node per line, types on values. `parseGraph` reads it back exactly. It is the golden format and
 * what the editor shows.
 *
 *   graph "mlp" {
 *     input %0 "x": f32[batch, 25]
 *     const %1 "b": f32[2] = c0 {1.5, -inf}
 *     %2 "y": f32[batch, 2] = matmul(%0, %1) {transB = true} #0 "MatMul_1" from [0]
 *     return %2
 *     body 0 "then_branch" of 3 formals 0 captures [1]       the next graph is a body of a node with {bodies = [0]}
 *     source 0 "#0" MatMul "" "MatMul_1" -> ["y"]
 *   }
 */
import { isBig, type Scalar } from "./ndarray.ts";
import type { AttrValue, Graph, Group, Node, Shape, Value, ValueId } from "./ir.ts";
import { valueOf } from "./ir.ts";
import { layoutText } from "./layout.ts";
import { constantData } from "./types.ts";

export interface PrintOptions {
  /** Constants up to this many elements are written out; others by reference (`c12`). Default 8. */
  readonly inlineElements?: number;
  /** With the list of ONNX nodes, which is the same in every snapshot. Default true. */
  readonly sources?: boolean;
}

/** The text of a graph. Without sources it cannot be parsed back completely (origins refer to them). */
export function printGraph(graph: Graph, options: PrintOptions = {}): string {
  return [...graphLines(graph, options), ""].join("\n");
}

function graphLines(graph: Graph, options: PrintOptions): readonly string[] {
  const limit = options.inlineElements ?? 8;
  const lines = [...graph.inputs.map((id) => `input ${valueText(valueOf(graph, id), true)}`), ...constantLines(graph, limit)];
  for (const node of graph.nodes) lines.push(nodeText(graph, node));
  lines.push(`return ${graph.outputs.map(ref).join(", ")}`);
  for (const g of graph.groups) lines.push(...groupLines(g));
  lines.push(...bodyLines(graph, options));
  if (options.sources ?? true)
    lines.push(
      ...graph.sources.map(
        (s, i) =>
          `source ${i} ${quote(s.path)} ${quote(s.opType)} ${quote(s.domain)} ${quote(s.name)} -> [${s.outputs.map(quote).join(", ")}]`,
      ),
    );
  return [`graph ${quote(graph.name)}${counters(graph)} {`, ...lines.map((l) => `  ${l}`), "}"];
}

/** Bodies of the control flow that is left. */
function bodyLines(graph: Graph, options: PrintOptions): readonly string[] {
  const ids = new Set(graph.nodes.flatMap((n) => (n.attrs["bodies"] as readonly number[] | undefined) ?? []));
  return [...ids].flatMap((id) => {
    const body = graph.bodies?.get(id);
    if (body === undefined) return [];
    const { attribute, source, formals, captures } = body;
    return [
      `body ${id} ${quote(attribute)} of ${source} formals ${formals} captures [${captures.join(", ")}]`,
      ...graphLines(body.graph, { ...options, sources: false }),
    ];
  });
}

/** Ids that are free next, where the nodes and values do not already say so. */
function counters(graph: Graph): string {
  const nodes = graph.nodes.reduce((n, x) => Math.max(n, x.id + 1), 0);
  const last = graph.values.reduce<number>((n, v, i) => (v === undefined ? n : i + 1), 0);
  return `${graph.nextNode === nodes ? "" : ` nodes ${graph.nextNode}`}${graph.values.length === last ? "" : ` values ${graph.values.length}`}`;
}

/** Constants in the order of their ids; only those that a node or output reads, or that would be lost. */
function constantLines(graph: Graph, limit: number): string[] {
  const produced = new Set<ValueId>([...graph.inputs, ...graph.nodes.flatMap((n) => n.outputs)]);
  return graph.values.flatMap((v) => {
    if (v === undefined || produced.has(v.id)) return [];
    return v.constant === undefined
      ? [`value ${valueText(v)}`]
      : [`const ${valueText(v, true)} = c${v.constant}${dataText(graph, v, limit)}`];
  });
}

function dataText(graph: Graph, v: Value, limit: number): string {
  const n = v.shape?.reduce<number>((a, d) => a * Number(d), 1) ?? Infinity;
  const data = n <= limit ? constantData(graph, v) : undefined;
  return data === undefined
    ? ""
    : ` {${Array.from(data.data as ArrayLike<Scalar>, (x) => (isBig(v.dtype) ? String(x) : numberText(Number(x)))).join(", ")}}`;
}

/** A line of one node, as tooltips and messages show it too. */
export function nodeText(graph: Graph, node: Node): string {
  const outputs = node.outputs.map((id) => valueText(valueOf(graph, id))).join(", ");
  const attrs = Object.entries(node.attrs).filter(([, v]) => v !== undefined);
  const tail = [
    attrs.length === 0 ? "" : ` {${attrs.map(([k, v]) => `${k} = ${attrText(v)}`).join(", ")}}`,
    ` #${node.id}`,
    node.name === "" ? "" : ` ${quote(node.name)}`,
    ` from [${node.origin.join(", ")}]`,
    node.phase === "init" ? " init" : "",
  ];
  return `${outputs} = ${node.op}(${node.inputs.map(ref).join(", ")})${tail.join("")}`;
}

const ref = (id: ValueId | null): string => (id === null ? "_" : `%${id}`);

function valueText(v: Value, given = false): string {
  const name = v.name === "" ? "" : ` ${quote(v.name)}`;
  const layout = v.layout === "plain" ? "" : ` @${layoutText(v.layout)}`;
  const source = v.shapeSource === defaultSource(v.shape, given) ? "" : ` ${v.shapeSource}`;
  return `%${v.id}${name}: ${v.dtype}${shapeText(v.shape)}${layout}${source}`;
}

/** What is not written: shapes of inputs and constants are declared, others inferred, an unknown rank has an unknown source. */
export const defaultSource = (shape: Shape | undefined, given: boolean): Value["shapeSource"] =>
  shape === undefined ? "unknown" : given ? "declared" : "inferred";

const shapeText = (shape: Shape | undefined): string =>
  shape === undefined ? "[*]" : `[${shape.map((d) => (typeof d === "number" ? String(d) : dimText(d))).join(", ")}]`;
const dimText = (d: string): string => (/^[A-Za-z_][\w.]*$/.test(d) ? d : quote(d));

/** A number that reads back as itself: NaN, infinities and -0 included. */
export function numberText(x: number): string {
  return Object.is(x, -0) ? "-0" : Number.isNaN(x) ? "nan" : x === Infinity ? "inf" : x === -Infinity ? "-inf" : String(x);
}

function attrText(v: AttrValue): string {
  if (Array.isArray(v)) return `[${(v as readonly AttrValue[]).map(attrText).join(", ")}]`;
  if (typeof v === "number") return numberText(v);
  if (typeof v === "bigint") return `${v}n`;
  return typeof v === "string" ? quote(v) : String(v);
}

/** Text from a model can contain anything: everything but printable ASCII is escaped, as in JSON. */
export const quote = (s: string): string =>
  JSON.stringify(s).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

function groupLines(g: Group): string[] {
  const params = Object.entries(g.params).map(([k, v]) => `${k} = ${typeof v === "number" ? numberText(v) : quote(v)}`);
  return [
    `group ${g.id} ${quote(g.name)} ${quote(g.template)} leader #${g.leader} ${g.phase}${params.length === 0 ? "" : ` {${params.join(", ")}}`}`,
    ...g.members.map((m) => `  member #${m.node} ${quote(m.anchor)}`),
  ];
}
