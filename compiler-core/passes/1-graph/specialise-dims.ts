/**
 * Gives symbolic extents their values: those of the options, else what fits the model and is sensible (a batch of 1, a sequence of 128, a
 * picture of 224 x 224).
 */
import type { Graph } from "../../graph/ir.ts";
import { refusedNode } from "../../graph/refused.ts";
import { userError } from "../../messages.ts";
import { graphPass, type PassContext } from "../pass.ts";
import type { Assigned } from "./specialise-dims/assign.ts";
import { candidates, dimPlaces, roleOf, type DimPlace } from "./specialise-dims/defaults.ts";
import { bestFit, namesAt } from "./specialise-dims/search.ts";

export const specialiseDims = graphPass({
  name: "specialise-dims",
  why: "Gives symbolic extents their values, so that loops, buffers and blocks have known sizes.",
  optional: false,
  run,
});

/** Names of the symbolic extents of a graph's inputs, in order. */
export const symbolicDims = (graph: Graph): ReadonlySet<string> => new Set(dimPlaces(graph).keys());

function run(graph: Graph, ctx: PassContext): Graph {
  const places = dimPlaces(graph);
  const given = ownNames(ctx.options.dims);
  const unknown = Object.keys(given).find((n) => !places.has(n));
  if (unknown !== undefined) userError("dim-unknown", {}, { name: unknown, hint: "", dims: [...places.keys()].join(", ") || "none" });
  if (places.size === 0) return graph;
  for (const [name, value] of Object.entries(given)) {
    if (!Number.isSafeInteger(value) || value < 0) userError("dim-conflict", {}, { name, value, what: "it is not a whole number" });
  }
  const found = bestFit(graph, candidates(places, given), new Set(Object.keys(given)));
  if (found.refused.length > 0 && Object.keys(given).length > 0) blameGiven(graph, found, places, given);
  for (const [name, value] of found.sizes) {
    const why = given[name] === undefined ? `default: ${roleNames[roleOf(name, places.get(name)!)]}` : "given";
    ctx.hit({ rule: "specialise-dims/set", before: [], after: [], note: `${name} = ${value} (${why})` });
  }
  for (const { node, reason } of found.refused)
    ctx.hit({ rule: "specialise-dims/conflict", before: [node.id], after: [node.id], note: `${reason}; no extents were found that fit` });
  return withoutRefused(found);
}

/** A name may be one that every object has, such as "constructor". */
const ownNames = <T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.assign(Object.create(null) as Record<string, T>, record);

function withoutRefused({ graph, refused }: Assigned): Graph {
  if (refused.length === 0) return graph;
  const reasons = new Map(refused.map(({ node, reason }) => [node.id, reason]));
  const nodes = graph.nodes.map((n) => (reasons.has(n.id) ? refusedNode(n, reasons.get(n.id)!) : n));
  return { ...graph, nodes };
}

const roleNames = {
  batch: "a batch",
  sequence: "a sequence",
  past: "a sequence in the cache",
  total: "the cache and the sequence together",
  image: "a side of a picture",
  other: "nothing is known about it",
} as const;

/** Throws `dim-conflict` when other extents would fit better than those that were given. Refusals that no extent avoids stay in the graph. */
function blameGiven(graph: Graph, found: Assigned, places: ReadonlyMap<string, DimPlace>, given: Readonly<Record<string, number>>): void {
  const { node, reason } = found.refused[0]!;
  const other = bestFit(graph, [found.sizes, ...candidates(places, {})], new Set());
  if (other.refused.length >= found.refused.length) return;
  const names = namesAt(graph, node, found.sizes);
  const name = names.find((n) => given[n] !== undefined) ?? Object.keys(given)[0]!;
  const forced = names.map((n) => `${n} = ${found.sizes.get(n)} (axis ${places.get(n)!.axis} of input ${quoted(places.get(n)!)})`);
  const cures = [...other.sizes].filter(([n, size]) => found.sizes.get(n) !== size).map(([n, size]) => `${n} = ${size}`);
  const what = `${reason}, where ${forced.join(", ")}; ${cures.join(", ")} would fit`;
  userError("dim-conflict", { node: node.name || node.op, pass: "specialise-dims" }, { name, value: found.sizes.get(name)!, what });
}

const quoted = ({ input }: DimPlace): string => JSON.stringify(input.name);
