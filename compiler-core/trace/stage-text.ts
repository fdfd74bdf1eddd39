/** Texts of a compilation with the nodes behind each line. Pure functions of the compiler's records. */
import { readableAssembly } from "../codegen/assembly.ts";
import type { CppSource } from "../codegen/index.ts";
import { isModule, type Snapshot } from "../compile.ts";
import type { Graph } from "../graph/ir.ts";
import { printGraph } from "../graph/print.ts";
import type { LineOrigin, TextReply } from "../protocol/index.ts";
import { printModuleWithLines } from "../tensor/index.ts";

export function snapshotReply(snapshot: Snapshot): TextReply {
  if (isModule(snapshot)) {
    const { text, lines } = printModuleWithLines(snapshot);
    return { language: "fusionscope-tensor", lines: split(text), origins: lines };
  }
  const lines = split(printGraph(snapshot));
  return { language: "fusionscope-graph", lines, origins: graphOrigins(lines, snapshot) };
}

export const cppReply = ({ text, lines }: CppSource): TextReply => ({ language: "cpp", lines: split(text), origins: lines });

/** @param assembly what the compiler wrote @param file name of the generated C++ in its line information */
export function asmReply(assembly: string, { text, lines: origins }: CppSource, file: string): TextReply {
  const { lines, source, headers } = readableAssembly(assembly, file, text);
  const byCpp = new Map<number, LineOrigin[]>();
  for (const origin of origins) {
    const list = byCpp.get(origin.line);
    if (list === undefined) byCpp.set(origin.line, [origin]);
    else list.push(origin);
  }
  const own = Array.from(source, (cpp, i) => (byCpp.get(cpp) ?? []).map((origin): LineOrigin => ({ ...origin, line: i + 1 })));
  return { language: "fusionscope-asm", lines, origins: own.flat(), source, ...(headers === undefined ? {} : { headers }) };
}

/** A node's line begins with its results: `%3: f32[...] = ...`. */
function graphOrigins(lines: readonly string[], graph: Graph): LineOrigin[] {
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((value) => [value, node.id] as const)));
  return lines.flatMap((text, i) => {
    const value = /^\s*(?:[A-Za-z_][\w.]*|"(?:[^"\\]|\\.)*")?%(\d+)[^=]*=/.exec(text)?.[1];
    const node = value === undefined ? undefined : producer.get(Number(value));
    return node === undefined ? [] : [{ line: i + 1, stmt: -1, nodes: [node] }];
  });
}

/** Lines without the empty one after the last line break. */
const split = (text: string): string[] => text.replace(/\n$/, "").split("\n");
