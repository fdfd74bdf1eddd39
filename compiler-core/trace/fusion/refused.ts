/** What was not fused with a group, with the estimated price of both ways. */
import type { Group, Node } from "../../graph/ir.ts";
import { neverFused, unforceable, type RefusedFusion } from "../../protocol/fusion.ts";
import type { Verdict } from "../../protocol/trace.ts";
import { dealtOut, nodeCycles, type TeamFigures } from "./group-cost.ts";
import type { Traffic } from "./traffic.ts";

/** By the group that makes the value: refusals between two nests with code, views looked through. Views themselves have nothing to refuse. */
export function refusedByGroup(
  verdicts: readonly Verdict[],
  traffic: Traffic,
  team: TeamFigures,
): ReadonlyMap<Group, readonly RefusedFusion[]> {
  const found = new Map<Group, RefusedFusion[]>();
  verdicts.forEach((v, i) => {
    if (v.subject !== "fusion" || v.accepted || neverFused.has(v.rule) || v.rule.endsWith("/through-view")) return;
    if (v.because.startsWith("nothing to fuse")) return;
    const [from = -1, to = -1] = v.nodes;
    const home = traffic.groupOf(v.behind ?? (v.value === undefined ? from : (traffic.maker(v.value)?.id ?? from)));
    const into = traffic.groupOf(to);
    if (home === undefined || home === into || into?.template === "view") return;
    found.set(home, [...(found.get(home) ?? []), refusal(v, i, { home, into }, traffic, team)]);
  });
  return found;
}

interface Ends {
  readonly home: Group;
  readonly into: Group | undefined;
}

function refusal(v: Verdict, verdict: number, ends: Ends, traffic: Traffic, team: TeamFigures): RefusedFusion {
  const bytes = v.value === undefined ? 0 : 2 * traffic.bytes(traffic.behind(v.value));
  const cycles = compared(v);
  const apartNs = cycles === undefined ? throughMemory(v, traffic, team) + team.core.barrierNs : team.cyclesNs(cycles.apart);
  const together = cycles === undefined ? price(v, ends, traffic, team) : team.cyclesNs(cycles.together);
  const why = unforceable[v.rule];
  return {
    verdict,
    ...(ends.into === undefined ? {} : { into: ends.into.id }),
    bytes,
    apartNs,
    togetherNs: together ?? null,
    ...(why === undefined ? {} : { why }),
  };
}

/** Cycles that the rule itself compared. */
function compared({ facts }: Verdict): { readonly apart: number; readonly together: number } | undefined {
  const [apart, together] = ["apart", "together"].map((name) => facts.find((f) => f.name === name)?.value);
  return typeof apart === "number" && typeof together === "number" ? { apart, together } : undefined;
}

const number = ({ facts }: Verdict, name: string): number | undefined => {
  const value = facts.find((f) => f.name === name)?.value;
  return typeof value === "number" ? value : undefined;
};

/** Nanoseconds that one nest would take more: idle threads, work that is done again. Undefined: it cannot be one nest. */
function price(v: Verdict, { home, into }: Ends, traffic: Traffic, team: TeamFigures): number | undefined {
  const work = (nodes: readonly Node[]): number => nodes.reduce((sum, n) => sum + team.cyclesNs(nodeCycles(traffic.graph, n, team)), 0);
  const times = number(v, "recomputation");
  if (times !== undefined) return ((times - 1) * work(traffic.members(home))) / team.threads;
  if (unforceable[v.rule] !== undefined) return undefined;
  // Whole rows that do not fit are written out and read back after all.
  if (v.rule === "merge-nests/footprint") return throughMemory(v, traffic, team);
  const pieces = number(v, "pieces together") ?? number(v, "rows");
  if (pieces === undefined) return 0;
  const both = work([...traffic.members(home), ...(into === undefined ? [] : traffic.members(into))]);
  const before = dealtOut(number(v, "pieces apart") ?? team.threads, team.threads).parallelism;
  return (both / team.threads) * Math.max(0, 1 / dealtOut(pieces, team.threads).parallelism - 1 / before);
}

/** Nanoseconds in which the team writes the value of an edge and reads it back. */
function throughMemory(v: Verdict, traffic: Traffic, team: TeamFigures): number {
  const size = v.value === undefined ? 0 : traffic.bytes(traffic.behind(v.value));
  return team.readNs(2 * size, size) / team.threads;
}
