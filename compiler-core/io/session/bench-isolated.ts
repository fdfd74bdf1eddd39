/** Each fusion group cut out as a model of its own, and all of them timed in turns. */
import type { Compilation } from "../../compile.ts";
import type { MachineProfile } from "../../machine.ts";
import { asUserError } from "../../messages.ts";
import type { CompileOptions } from "../../options.ts";
import type { BenchRegion, Timing } from "../../protocol/index.ts";
import type { TensorFileRef } from "../../protocol/runner.ts";
import { timingOfSessions } from "../statistics.ts";
import type { BenchSettings } from "./bench.ts";
import { buildCode } from "./build.ts";
import { compileModel } from "./compile.ts";
import { cutModel } from "./cut.ts";
import type { SessionModel } from "./model.ts";
import { NativeHost, type LoadedModel } from "./native-host.ts";
import { modelInputs } from "./run-inputs.ts";
import { Scratch } from "./scratch.ts";

/** Groups with more than this many are not all cut out: each needs a build. The slowest come first. */
const mostGroups = 40;
const secondsPerGroup = 0.1;

interface Piece {
  readonly group: number;
  readonly loaded: LoadedModel;
  readonly inputs: readonly TensorFileRef[];
}

/** Adds the isolated time of each region, or why there is none. Throws `cancelled`. */
export async function timeIsolated(
  subject: { readonly model: SessionModel; readonly compilation: Compilation },
  regions: readonly BenchRegion[],
  options: CompileOptions,
  machine: MachineProfile,
  settings: BenchSettings,
  sourcesOf: (group: number) => readonly number[],
): Promise<readonly BenchRegion[]> {
  // What is done once at the first run has no time in a run.
  const running = regions.filter((r) => r.ns > 0);
  const slowest = [...running].sort((a, b) => b.ns - a.ns).slice(0, mostGroups);
  const host = await NativeHost.start(settings);
  const scratch = new Scratch();
  const found = new Map<number, Timing>();
  const reasons = new Map<number, string>();
  try {
    const pieces: Piece[] = [];
    for (const { group } of slowest) {
      const piece = await pieceOf(host, subject, { group, sourcesOf }, scratch.path("group.onnx"), options, machine, settings);
      if (typeof piece === "string") reasons.set(group, piece);
      else pieces.push(piece);
    }
    if (pieces.length > 0) {
      const candidates = pieces.map(({ loaded, inputs }) => ({ target: loaded.target, label: loaded.name, inputs }));
      const minSeconds = secondsPerGroup * pieces.length;
      const timed = await host.client.request("bench", { candidates, minSeconds, maxSeconds: 10 * minSeconds }, host.request());
      pieces.forEach(({ group }, i) => {
        const ns = timed.candidates[i]?.ns ?? [];
        found.set(group, timingOfSessions([ns.map((round) => round.map((t) => t / 1e6))]));
      });
    }
  } finally {
    await host.close();
    scratch.close();
  }
  return regions.map((r) => {
    const isolated = found.get(r.group);
    if (isolated !== undefined) return { ...r, isolated };
    if (!running.includes(r)) return { ...r, notIsolated: "it takes no time in a run" };
    return { ...r, notIsolated: reasons.get(r.group) ?? `only the ${mostGroups} slowest groups are cut out` };
  });
}

async function pieceOf(
  host: NativeHost,
  { model, compilation }: { readonly model: SessionModel; readonly compilation: Compilation },
  { group, sourcesOf }: { readonly group: number; readonly sourcesOf: (group: number) => readonly number[] },
  file: string,
  options: CompileOptions,
  machine: MachineProfile,
  settings: BenchSettings,
): Promise<Piece | string> {
  try {
    const inputs = modelInputs(model, compilation, settings);
    const cut = await cutModel(model, compilation, machine, sourcesOf(group), file, { ...settings, inputs });
    try {
      const part = compileModel(cut.model, { ...options, dims: {}, force: [], forbid: [] }, machine);
      if (part.error !== undefined) return part.error.message;
      if (part.source === undefined) return "cut out, it is not compiled";
      const loaded = await host.load(await buildCode(part.source, settings), `group ${group}`);
      const names = part.source.plan.inputs.map((i) => i.name);
      return { group, loaded, inputs: host.inputFiles(names, cut.inputs) };
    } finally {
      cut.model.close();
    }
  } catch (e) {
    const error = asUserError(e);
    if (error.code === "cancelled") throw error;
    return error.message;
  }
}
