/** The fusion groups of a compilation as rows: see `protocol/fusion.ts`. */
import { isModule, type Compilation, type Snapshot } from "../../compile.ts";
import { nodeCost } from "../../graph/cost.ts";
import type { Graph, Group, Node } from "../../graph/ir.ts";
import { resolveIsa } from "../../machine.ts";
import type { FusionGroup, NestPart } from "../../protocol/fusion.ts";
import { partsOf } from "../../templates/chain-parts.ts";
import { footprintOf } from "./footprint.ts";
import { groupCost, TeamFigures } from "./group-cost.ts";
import { nestShapes, type NestShape } from "./nest-shape.ts";
import { refusedByGroup } from "./refused.ts";
import { Traffic } from "./traffic.ts";

/** One row for each group of the last graph, in their order. */
export function fusionReport(c: Compilation): readonly FusionGroup[] {
  const { graph, module, machine, options } = c;
  const traffic = new Traffic(graph);
  const team = new TeamFigures(machine, resolveIsa(options.isa, machine), options.threads);
  const shapes = module === undefined ? new Map<number, NestShape>() : nestShapes(module);
  const refused = refusedByGroup(c.verdicts, traffic, team);
  const history = mergers(c);
  return graph.groups.map((group): FusionGroup => {
    const flow = traffic.of(group);
    const shape = shapes.get(group.id);
    const members = traffic.members(group);
    const { nests, mergedBy } = historyOf(group, history);
    return {
      group: group.id,
      kind: kindOf(group, traffic),
      anchors: [...new Set(group.members.flatMap((m) => (m.node === group.leader ? [] : [anchorName(m.anchor)])))],
      onnxNodes: pathsOf(graph, members),
      nests,
      mergedBy,
      flops: members.reduce((sum, n) => sum + nodeCost(graph, n).flops, 0),
      savedBytes: flow.savedBytes,
      readBytes: flow.readBytes,
      writtenBytes: flow.writtenBytes,
      footprint: footprintOf(group, flow, shape?.scratch ?? 0, traffic, machine.caches),
      ...(shape === undefined || group.template === "hole" ? {} : { cost: groupCost(group, shape, flow, traffic, team) }),
      refused: refused.get(group) ?? [],
    };
  });
}

/** Members of a chain say which of its layers they are in. */
const anchorName = (anchor: string): string => anchor.replace(/^\d+ /, "");

function pathsOf({ sources }: Graph, members: readonly Node[]): readonly string[] {
  const indices = [...new Set(members.flatMap((n) => n.origin))].sort((a, b) => a - b);
  return indices.map((i) => sources[i]?.path ?? `#${i}`);
}

const kinds: Readonly<Record<string, string>> = {
  hole: "ONNX Runtime",
  matmul: "matmul",
  attention: "attention",
  "matmul-rows": "matmul and rows",
  conv: "convolution",
  rows: "rows",
  points: "elementwise",
  reduce: "reduction",
  view: "view",
  copy: "copy",
  concat: "concat",
  gather: "gather",
  pack: "packing",
};

function kindOf(group: Group, traffic: Traffic): string {
  if (group.template === "chain") {
    const products = partsOf(group).filter(({ template }) => template.startsWith("matmul")).length;
    return products > 1 ? "MLP chain" : "chain of rows";
  }
  const op = traffic.node(group.leader)?.op ?? group.template;
  return kinds[group.template] ?? (op.startsWith("conv") ? "convolution" : op.startsWith("depthwise") ? "depthwise convolution" : op);
}

/** A pass that merges whole groups, with the group of each node before it and after it. */
interface Merger {
  readonly pass: string;
  readonly before: ReadonlyMap<number, Group>;
  readonly after: ReadonlyMap<number, Group>;
}

const ownerOf = ({ groups }: Graph): ReadonlyMap<number, Group> => new Map(groups.flatMap((g) => g.members.map((m) => [m.node, g])));

function mergers({ passes, snapshots }: Compilation): readonly Merger[] {
  const graphAt = (s: Snapshot | undefined): Graph | undefined => (s === undefined || isModule(s) ? undefined : s);
  return ["merge-nests", "chain-nests"].flatMap((pass) => {
    const index = passes.find(({ name }) => name === pass)?.index ?? 0;
    const [before, after] = [graphAt(snapshots[index - 1]), graphAt(snapshots[index])];
    if (before === undefined || after === undefined || before === after) return [];
    return [{ pass, before: ownerOf(before), after: ownerOf(after) }];
  });
}

function historyOf(group: Group, history: readonly Merger[]): Pick<FusionGroup, "nests" | "mergedBy"> {
  const within = (owner: Merger["before"]): readonly Group[] => [...new Set(group.members.flatMap((m) => owner.get(m.node) ?? []))];
  const mergedBy = history.filter(({ before, after }) => within(before).length > within(after).length).map(({ pass }) => pass);
  const first = history.find(({ pass }) => pass === mergedBy[0]);
  const parts = first === undefined ? [group] : within(first.before);
  const part = ({ id, name, template, members: of }: Group): NestPart => ({ group: id, name, template, nodes: of.map((m) => m.node) });
  return { nests: parts.map(part), mergedBy };
}
