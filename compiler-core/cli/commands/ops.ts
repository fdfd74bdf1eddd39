/** `fusionscope ops`: the ONNX operators that are imported, and the operators of the Graph IR they become. */
import { onnxBuilders, opNames, opOf, type OpName } from "#core";
import type { CommandRunner } from "../command.ts";
import { textTable } from "../text/align.ts";

export interface OpRow {
  readonly name: OpName;
  readonly what: string;
  readonly traits: readonly string[];
  readonly arity: readonly [number, number];
  readonly outputs: readonly [number, number];
  /** There is a reference evaluation. */
  readonly evaluated: boolean;
}

export const opRows: readonly OpRow[] = opNames.map((name) => {
  const { what, traits, arity, outputs, eval: evaluate } = opOf(name);
  return { name, what, traits, arity, outputs, evaluated: evaluate !== undefined };
});

/** Imported ONNX operators by domain and name. */
export const onnxRows: readonly { readonly domain: string; readonly opType: string }[] = Object.keys(onnxBuilders)
  .map((name) => {
    const dot = name.lastIndexOf(".");
    return { domain: dot < 0 ? "ai.onnx" : name.slice(0, dot), opType: name.slice(dot + 1) };
  })
  .sort((a, b) => (a.domain === b.domain ? (a.opType < b.opType ? -1 : 1) : a.domain < b.domain ? -1 : 1));

/** `2`, `1-3`, `1+`. */
export function rangeText([least, most]: readonly [number, number]): string {
  if (most === Infinity) return `${least}+`;
  return least === most ? String(least) : `${least}-${most}`;
}

export const ops: CommandRunner = () => ({
  json: { onnx: onnxRows, ops: opRows },
  text: [
    ...textTable(
      [
        { title: "ONNX operator", cell: (o: (typeof onnxRows)[number]) => o.opType },
        { title: "domain", cell: (o) => o.domain },
      ],
      onnxRows,
    ),
    "",
    ...textTable<OpRow>(
      [
        { title: "Graph IR", cell: (o) => o.name },
        { title: "operands", align: "right", cell: (o) => rangeText(o.arity) },
        { title: "results", align: "right", cell: (o) => rangeText(o.outputs) },
        { title: "traits", cell: (o) => o.traits.join(" ") },
        { title: "meaning", cell: (o) => o.what },
      ],
      opRows,
    ),
  ],
});
