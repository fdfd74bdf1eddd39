/**
 * A golden of a pass over graphs: the input, a line `---- after`, what was reported as comments, and the expected result. Options of a case stand in
 * comments before the graph: `// dims batch=4`, `// threads 2`, `// precision bf16`, `// cut 1` (a node of the file that cannot be compiled).
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import type { Graph } from "../../compiler-core/graph/ir.ts";
import { parseGraph } from "../../compiler-core/graph/parse.ts";
import { printGraph } from "../../compiler-core/graph/print.ts";
import { verifyGraph } from "../../compiler-core/graph/verify.ts";
import type { MachineProfile } from "../../compiler-core/machine.ts";
import { defaultOptions, type CompileOptions } from "../../compiler-core/options.ts";
import type { GraphPass, LowerPass, PassContext } from "../../compiler-core/passes/pass.ts";
import type { RuleHit } from "../../compiler-core/protocol/trace.ts";
import { printModule } from "../../compiler-core/tensor/print.ts";
import { verifyModule } from "../../compiler-core/tensor/verify.ts";

const separator = "---- after\n";
const update = process.env["UPDATE"] === "1";

export interface GoldenSettings {
  readonly machine: MachineProfile;
  /** Decisions are part of the golden. */
  readonly verdicts: boolean;
}

/** Paths of the cases of a pass, in order. */
export function casesOf(root: string, pass: string): readonly string[] {
  const folder = path.join(root, pass);
  if (!fs.existsSync(folder)) return [];
  const files = fs.readdirSync(folder).filter((f) => f.endsWith(".ir"));
  return files.sort().map((f) => path.join(folder, f));
}

/** Runs the pass on the case and compares; UPDATE=1 rewrites the expectation. A second run must change nothing. */
export function checkGolden(pass: GraphPass | LowerPass, file: string, settings: GoldenSettings): void {
  const [input = "", expected = ""] = fs.readFileSync(file, "utf8").split(separator);
  const before = frozen(withSources(parseGraph(input)));
  assert.deepEqual(verifyGraph(before), [], "the input is well-formed");
  const reported: string[] = [];
  const reasons = new Set<string>();
  const ctx = contextOf(input, settings, {
    // Often a rule repeats the reason that stands in the decision before it.
    hit: (h) => reported.push(`// ${hitText(h, reasons.has(h.note ?? "") ? undefined : h.note)}\n`),
    verdict: (v) => {
      if (!settings.verdicts) return;
      reasons.add(v.because);
      reported.push(`// ${v.rule}: ${nodeList(v.nodes)}: ${v.accepted ? "yes" : "no"}, ${v.because}\n`);
    },
  });
  const after = pass.run(before, ctx);
  const text = after === before ? "// unchanged\n" : `${reported.join("")}${snapshotText(after)}`;
  if (update) fs.writeFileSync(file, `${input}${separator}${text}`);
  else assert.equal(text, expected);
  if (after === before || pass.level !== "graph") return;
  const again = contextOf(input, settings, { hit: () => undefined, verdict: () => undefined });
  // The extents have their values now, and no names.
  assert.equal(pass.run(after as Graph, { ...again, options: { ...again.options, dims: {} } }), after, "a second run changes nothing");
}

function snapshotText(after: ReturnType<(GraphPass | LowerPass)["run"]>): string {
  assert.deepEqual("run" in after ? verifyModule(after) : verifyGraph(after), [], "the result is well-formed");
  return "run" in after ? printModule(after) : printGraph(after, { sources: false });
}

const nodeList = (nodes: readonly number[]): string => nodes.map((n) => `#${n}`).join(" ");

const hitText = (h: RuleHit, note: string | undefined): string =>
  `${h.rule}: ${nodeList(h.before)} -> ${nodeList(h.after)}${note === undefined ? "" : ` (${note})`}`;

/** What the importer notes of the nodes of a file, where each became one operator: what they read and make. */
function withSources(graph: Graph): Graph {
  const sources = graph.sources.map((source, i) => {
    const node = graph.nodes.find((n) => n.origin.includes(i));
    return node === undefined ? source : { ...source, reads: node.inputs, makes: node.outputs };
  });
  return { ...graph, sources };
}

function contextOf(text: string, { machine }: GoldenSettings, ears: Pick<PassContext, "hit" | "verdict">): PassContext {
  const setting = (name: string): string | undefined => new RegExp(`^// ${name} (.*)$`, "m").exec(text)?.[1];
  const dims = [...(setting("dims") ?? "").matchAll(/([^\s=]+)=(\d+)/g)].map((m) => [m[1], Number(m[2])]);
  const options: CompileOptions = {
    ...defaultOptions,
    dims: Object.fromEntries(dims) as CompileOptions["dims"],
    threads: Number(setting("threads") ?? 1),
    precision: setting("precision") === "bf16" ? "bf16" : "f32",
  };
  const cut = setting("cut");
  const cuts = cut === undefined ? {} : { cut: new Map([[Number(cut), { reason: "nobody wrote loops for it", types: new Map() }]]) };
  return { options, machine, ...cuts, ...ears };
}

/** A pass that writes into its argument fails. The constant store is the one thing that may grow. */
function frozen(graph: Graph): Graph {
  const freeze = (x: unknown): void => {
    if (typeof x !== "object" || x === null || x === graph.constants || Object.isFrozen(x)) return;
    Object.freeze(x);
    Object.values(x).forEach(freeze);
  };
  freeze(graph);
  return graph;
}
