/** Generated graphs as native code, many to a program, held against the evaluator. */
import type { IsaName } from "../../compiler-core/machine.ts";
import { decode, encode, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { runBatch, type BatchItem } from "../codegen/native-batch.ts";
import type { FuzzCase } from "./case.ts";
import { compileCase, problemOf, weightsOf, type Compiled } from "./judge.ts";

const wide = ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mf16c"];
/** Instruction sets, and the compiler's flags for them. */
export const targets: readonly { readonly isa: IsaName; readonly flags: readonly string[]; readonly needs: readonly string[] }[] = [
  { isa: "avx512", flags: wide, needs: ["avx512f", "avx512bw", "avx512dq", "avx512vl"] },
  { isa: "avx512-bf16", flags: [...wide, "-mavx512vnni", "-mavx512bf16"], needs: ["avx512f", "avx512_vnni", "avx512_bf16"] },
  { isa: "avx512-vnni", flags: [...wide, "-mavx512vnni"], needs: ["avx512f", "avx512_vnni"] },
  { isa: "avx2", flags: ["-mavx2", "-mfma", "-mf16c"], needs: ["avx2", "fma", "f16c"] },
  { isa: "scalar", flags: [], needs: [] },
];

export interface NativeReport {
  readonly ran: number;
  readonly skipped: number;
  readonly problems: readonly { readonly one: FuzzCase; readonly problem: string }[];
}

/** Builds and runs all cases in one program, with one, two and three threads in turn or as they say. Throws when the program does not build or crashes. */
export function judgeNative(cases: readonly FuzzCase[], isa: IsaName, flags: readonly string[], root: string): NativeReport {
  const problems: { one: FuzzCase; problem: string }[] = [];
  const ready: { one: FuzzCase; compiled: Compiled; item: BatchItem }[] = [];
  cases.forEach((one, i) => {
    const threads = one.options?.threads ?? 1 + (i % 3);
    try {
      const compiled = compileCase(one, { isa, threads });
      const item = "skipped" in compiled ? undefined : batchItem(compiled, threads);
      if (item !== undefined && !("skipped" in compiled)) ready.push({ one, compiled, item });
    } catch (e) {
      problems.push({ one, problem: `compilation: ${e instanceof Error ? e.message : String(e)}` });
    }
  });
  const results =
    ready.length === 0
      ? []
      : runBatch(
          ready.map((r) => r.item),
          "g++",
          flags,
          root,
        );
  results.forEach(({ outputs, intact }, i) => {
    const { one, compiled, item } = ready[i]!;
    const got = item.source.plan.outputs.map((o, k): NdArray => decode(o.dtype, o.shape, outputs[k]!));
    const problem = intact ? problemOf(got, compiled.want.map(rounded), one) : "writes past the end of a buffer";
    if (problem !== undefined) problems.push({ one, problem: `native ${isa}, ${item.threads} threads: ${problem}` });
  });
  return { ran: ready.length, skipped: cases.length - ready.length - problems.length, problems };
}

/** As it lies in memory. */
const rounded = (nd: NdArray): NdArray => decode(nd.dtype, nd.shape, encode(nd));

function batchItem({ compilation, given }: Compiled, threads: number): BatchItem | undefined {
  const { source, module, graph, unsupported } = compilation;
  if (source === undefined || module === undefined || unsupported.length > 0 || source.plan.holes.length > 0) return undefined;
  return { source, inputs: [...given.values()], weights: weightsOf(graph, module), threads };
}
