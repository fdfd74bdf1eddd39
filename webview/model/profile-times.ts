/** Times of a profile of ONNX Runtime by ONNX node and by fusion group. Microseconds per run. Pure. */
import type { GroupInfo, OrtProfile } from "#protocol";
import type { NodeRow } from "./trace.ts";

const known = new WeakMap<OrtProfile, ReadonlyMap<number, number>>();

/** ONNX node -> time of the kernels that it is found behind. */
function timesOfSources(profile: OrtProfile): ReadonlyMap<number, number> {
  const before = known.get(profile);
  if (before) return before;
  const made = new Map<number, number>();
  for (const { source, us } of profile.kernels) if (source !== undefined) made.set(source, (made.get(source) ?? 0) + us);
  known.set(profile, made);
  return made;
}

/** Of the ONNX nodes that some nodes came from, each counted once; undefined where the profile knows none of them. */
export function timeOfNodes(profile: OrtProfile, nodes: readonly NodeRow[]): number | undefined {
  const times = timesOfSources(profile);
  const sources = new Set(nodes.flatMap(({ origin }) => [...origin]));
  let [sum, found] = [0, false];
  for (const source of sources) {
    const us = times.get(source);
    if (us === undefined) continue;
    sum += us;
    found = true;
  }
  return found ? sum : undefined;
}

/** Microseconds of kernels that no ONNX node is found behind: mostly those that ONNX Runtime fused. */
export const timeUnfound = (profile: OrtProfile): number =>
  profile.kernels.reduce((sum, { source, us }) => sum + (source === undefined ? us : 0), 0);

export interface GroupTime {
  readonly group: GroupInfo;
  readonly us: number;
  /** Kernels of ONNX Runtime behind it. */
  readonly kernels: number;
}

/**
 * Fusion groups that run every time with the time of ONNX Runtime's kernels, longest first. An ONNX node that went into several groups is shared
 * evenly among them, so that the sum over the groups is that of the kernels.
 * @param nodes of the last graph
 */
export function timesOfGroups(
  profile: OrtProfile,
  groups: readonly GroupInfo[],
  nodes: ReadonlyMap<number, NodeRow>,
): readonly GroupTime[] {
  const times = timesOfSources(profile);
  const running = groups.filter(({ phase }) => phase !== "init");
  const sourcesOf = new Map(
    running.map((group) => [group, new Set(group.members.flatMap(({ node }) => [...(nodes.get(node)?.origin ?? [])]))]),
  );
  const sharers = new Map<number, number>();
  for (const sources of sourcesOf.values()) for (const source of sources) sharers.set(source, (sharers.get(source) ?? 0) + 1);
  const rows = [...sourcesOf].map(([group, sources]): GroupTime => {
    const behind = [...sources].filter((source) => times.has(source));
    return {
      group,
      us: behind.reduce((sum, source) => sum + (times.get(source) ?? 0) / (sharers.get(source) ?? 1), 0),
      kernels: behind.length,
    };
  });
  return rows.filter(({ kernels }) => kernels > 0).sort((a, b) => b.us - a.us || a.group.id - b.group.id);
}
