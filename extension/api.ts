/** What other extensions and the tests get from `activate`: the record of the models that are open. */
import type { BenchResult, CompilationSummary, ErrorInfo, PanelOptions } from "#protocol";
import type { Registry } from "./document/registry.ts";

export interface ModelRecord {
  /** Address of the model's file. */
  readonly model: string;
  readonly options: PanelOptions;
  /** Counts compilations. */
  readonly generation: number;
  /** The same objects that `fusionscope compile --json` and `bench --json` print; undefined: not yet, or not this time. */
  readonly summary: CompilationSummary | undefined;
  readonly bench: BenchResult | undefined;
  readonly failed: ErrorInfo | undefined;
  /** Stages that a graph was sent for. */
  readonly stages: readonly number[];
}

export interface FusionscopeApi {
  models(): readonly ModelRecord[];
}

export const createApi = (registry: Registry): FusionscopeApi => ({
  models: () =>
    registry.documents.map(({ uri, options, generation, summary, lastBench, failed, stages }) => ({
      model: uri.toString(),
      options,
      generation,
      summary,
      bench: lastBench,
      failed,
      stages: stages.map(({ stage }) => stage),
    })),
});
