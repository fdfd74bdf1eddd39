/**
 * Time of a part of a model in its place: of its fusion groups inside a run of the whole, in turns with the same code cut out. Both are from builds
 * that read the time-stamp counter at every region, so that they can be compared.
 */
import type { Compilation } from "../../compile.ts";
import { bug, UserError } from "../../messages.ts";
import type { InPlaceTime } from "../../protocol/index.ts";
import type { ProfileResult, TensorFileRef } from "../../protocol/runner.ts";
import { pairedRatio, timing } from "../statistics.ts";
import { buildCode, type BuildSettings } from "./build.ts";
import { NativeHost, type HostSettings, type LoadedModel } from "./native-host.ts";
import type { RunValue } from "./run-value.ts";

export interface InPlaceSettings extends BuildSettings, HostSettings {
  /** Measuring time for each of the two. */
  readonly seconds: number;
}

interface Timed {
  readonly compilation: Compilation;
  readonly inputs: readonly RunValue[];
}

/** The groups that compute ONNX nodes with these indices, and the other nodes that they compute as well. */
function groupsOfSources(
  { graph }: Compilation,
  sources: readonly number[],
): { readonly groups: readonly number[]; readonly others: readonly number[] } {
  const wanted = new Set(sources);
  const origin = new Map(graph.nodes.map((n) => [n.id, n.origin]));
  const groups = graph.groups.filter((g) => g.phase === "run" && g.members.some((m) => origin.get(m.node)?.some((s) => wanted.has(s))));
  const held = new Set(groups.flatMap((g) => g.members.flatMap((m) => origin.get(m.node) ?? [])));
  return { groups: groups.map((g) => g.id), others: [...held].filter((s) => !wanted.has(s)).sort((a, b) => a - b) };
}

/** Times the groups that compute `sources` inside of `whole`, and all of `part` on its own; or says why not. Throws `cancelled`. */
export async function timeInPlace(
  whole: Timed,
  part: Timed,
  sources: readonly number[],
  settings: InPlaceSettings,
): Promise<InPlaceTime | { readonly because: string }> {
  const { groups, others } = groupsOfSources(whole.compilation, sources);
  if (groups.length === 0) return { because: "nothing of it is left in the compiled model" };
  const host = await NativeHost.start(settings);
  try {
    const lanes = [await lane(host, whole, settings, new Set(groups)), await lane(host, part, settings, undefined)] as const;
    const rounds: [number[], number[]] = [[], []];
    const wholeMs: number[] = [];
    const until = performance.now() + 2000 * settings.seconds;
    do {
      for (const [i, l] of (rounds[0].length % 2 === 0 ? [0, 1] : [1, 0]).map((j) => [j, lanes[j]!] as const)) {
        const result = await host.client.request("profile", { target: l.model.target, inputs: l.files, runs: l.runs }, host.request());
        rounds[i]!.push(busiest(result, l.regions));
        if (i === 0) wholeMs.push(result.ns.reduce((a, b) => a + b, 0) / result.runs / 1e6);
      }
    } while ((performance.now() < until || rounds[0].length < leastRounds) && rounds[0].length < mostRounds);
    const path = (index: number): string => whole.compilation.graph.sources[index]?.path ?? `#${index}`;
    return {
      inPlace: timing(rounds[0]),
      isolated: timing(rounds[1]),
      ratio: pairedRatio(rounds[0], rounds[1]),
      whole: timing(wholeMs),
      groups,
      others: others.map(path),
    };
  } catch (e) {
    if (!(e instanceof UserError) || e.code === "cancelled") throw e;
    return { because: e.message };
  } finally {
    await host.close();
  }
}

const [leastRounds, mostRounds] = [8, 200];
/** Of one round of one candidate. */
const roundMs = 20;

interface Lane {
  readonly model: LoadedModel;
  readonly files: readonly TensorFileRef[];
  readonly runs: number;
  /** Absent: all. */
  readonly regions: ReadonlySet<number> | undefined;
}

async function lane(host: NativeHost, { compilation, inputs }: Timed, settings: InPlaceSettings, regions: Lane["regions"]): Promise<Lane> {
  const source = compilation.source ?? bug("there is no code to time");
  const model = await host.load(await buildCode(source, { ...settings, profile: true }), "profiled");
  const files = host.inputFiles(
    source.plan.inputs.map((i) => i.name),
    inputs,
  );
  const { ns } = await host.client.request("profile", { target: model.target, inputs: files, runs: 3 }, host.request());
  const typical = Math.max(1000, Math.min(...ns));
  return { model, files, runs: Math.max(1, Math.min(500, Math.round((roundMs * 1e6) / typical))), regions };
}

/** Milliseconds per run that the busiest thread spends in the regions. */
function busiest({ threads, runs }: ProfileResult, regions: Lane["regions"]): number {
  const sums = threads.map((t) => t.ns.reduce((sum, ns, region) => sum + (regions === undefined || regions.has(region) ? ns : 0), 0));
  return Math.max(...sums) / Math.max(1, runs) / 1e6;
}
