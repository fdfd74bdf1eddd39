/** The part of a model that holds what is tuned, as a model of its own: built by the compiler with any parameters forced on it, and timed. */
import { compile, type Compilation } from "../../compile.ts";
import type { CppSource } from "../../codegen/index.ts";
import type { MachineProfile } from "../../machine.ts";
import type { CompileOptions } from "../../options.ts";
import type { Params } from "../../passes/2-lower/gemm-problem.ts";
import type { RunnerBenchCandidate, TensorFileRef } from "../../protocol/runner.ts";
import { mergeTuned } from "../../tuned.ts";
import { groupSources } from "./bench.ts";
import type { BuildSettings, BuiltCode } from "./build.ts";
import { cutModel, type CutModel } from "./cut.ts";
import type { SessionModel } from "./model.ts";
import type { HostSettings, LoadedModel, NativeHost } from "./native-host.ts";
import { modelInputs } from "./run-inputs.ts";
import { Scratch } from "./scratch.ts";

/** What is timed: a group that computes the problem, cut out of its model. */
export interface PartSubject {
  readonly model: SessionModel;
  readonly compilation: Compilation;
  readonly options: CompileOptions;
  readonly machine: MachineProfile;
  /** As in tuned entries. */
  readonly key: string;
  readonly group: number;
}

export interface PartSettings extends BuildSettings, HostSettings {
  readonly seed: number;
}

export class TunedPart {
  /** The inputs as files of the host that was asked for last. */
  private files: { readonly host: NativeHost; readonly inputs: readonly TensorFileRef[] } | undefined;

  private constructor(
    private readonly subject: PartSubject,
    private readonly cut: CutModel,
    private readonly scratch: Scratch,
  ) {}

  static async open(subject: PartSubject, settings: PartSettings): Promise<TunedPart> {
    const { model, compilation, machine } = subject;
    const scratch = new Scratch();
    try {
      const inputs = modelInputs(model, compilation, settings);
      const sources = groupSources(compilation, subject.group);
      const cut = await cutModel(model, compilation, machine, sources, scratch.path("part.onnx"), { ...settings, inputs });
      return new TunedPart(subject, cut, scratch);
    } catch (e) {
      scratch.close();
      throw e;
    }
  }

  /** The code with parameters forced on the problem; undefined: cut out, it is another one. Throws the error of the pass that failed. */
  codeOf(params: Params): CppSource | undefined {
    const { options, machine, key } = this.subject;
    const entry = { problem: key, params: { ...params } };
    const profile = { ...machine, tuned: mergeTuned(machine.tuned ?? [], [entry]) };
    const { onlyUntil: _, ...rest } = options;
    const made = compile(this.cut.model.graph, { ...rest, dims: {}, force: [], forbid: [] }, profile, { now: () => performance.now() });
    if (made.error !== undefined) throw made.error;
    return made.verdicts.some((v) => v.rule.endsWith("/tuned") && v.accepted) ? made.source : undefined;
  }

  /** Loads a build, and says what to time. */
  async candidate(host: NativeHost, built: Pick<BuiltCode, "sharedObject" | "plan"> & { readonly prefix?: string }, label: string) {
    const { prefix } = built;
    const loaded: LoadedModel = await host.load(built, label, prefix, prefix === undefined);
    const names = built.plan.inputs.map((i) => i.name);
    if (this.files?.host !== host) this.files = { host, inputs: host.inputFiles(names, this.cut.inputs) };
    return { target: loaded.target, label, inputs: this.files.inputs };
  }

  /** Times candidates in turns, and the first once more. */
  async inTurns(
    host: NativeHost,
    candidates: readonly Awaited<ReturnType<TunedPart["candidate"]>>[],
    seconds: { readonly least: number; readonly most: number; readonly runs: number },
  ): Promise<readonly RunnerBenchCandidate[]> {
    const timed = await host.client.request(
      "bench",
      { candidates, aa: candidates.length > 1, minSeconds: seconds.least, minRuns: seconds.runs, maxSeconds: seconds.most, burstMs: 2 },
      { ...host.request(), timeoutMs: 1000 * (60 + 2 * seconds.most) },
    );
    return timed.candidates;
  }

  close(): void {
    this.cut.model.close();
    this.scratch.close();
  }
}
