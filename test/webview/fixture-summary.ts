/** What is known of the small network besides its graphs: passes, rules, verdicts, buffers, kernels. */
import type { CompilationSummary, PassEvent, PassInfo, RuleHit, Verdict } from "#protocol";
import type { FixtureGraph } from "./delta-writer.ts";
import { batch } from "./fixture-story.ts";
import { fusionOf, memoryOf } from "./fixture-figures.ts";

export const passNames: readonly (readonly [name: string, level: PassInfo["level"], why: string, optional?: boolean])[] = [
  ["import", "import", "The model as it was read."],
  ["specialise", "graph", "Fixes symbolic dimensions, so that every later decision knows the sizes."],
  ["infer-shapes", "graph", "Gives every value a shape and a type."],
  ["fold-constants", "graph", "Computes now what depends on weights alone.", true],
  ["simplify", "graph", "Removes what does nothing.", true],
  ["recognise-gelu", "graph", "Turns an exporter's five ops back into one GELU.", true],
  ["eliminate-common", "graph", "Computes equal expressions once.", true],
  ["decompose", "graph", "Splits composite ops into reductions and element-wise ops that can fuse."],
  ["prepack-weights", "graph", "Stores weights once in the order the kernels read them.", true],
  ["fuse", "graph", "Groups ops around the ones that decide the loops.", true],
  ["lower", "lower", "Turns each group into one loop nest by its template."],
  ["merge-loops", "tensor", "Joins neighbouring nests over the same rows.", true],
  ["plan-memory", "tensor", "Gives every buffer a place in the arena.", true],
  ["emit-cpp", "code", "Writes readable C++."],
];

export const info = (index: number): PassInfo => {
  const [name, level, why, optional] = passNames[index]!;
  return { index, name, level, why, optional: optional === true };
};

/** A row of the pipeline. */
export function passEvent(i: number, graphs: readonly FixtureGraph[], failAt: number | undefined): PassEvent {
  const changed = [0, 1, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13].includes(i);
  const size = (stage: number): number => graphs[Math.max(0, Math.min(stage, graphs.length - 1))]!.nodes.length;
  const removed = (stage: number): number[] =>
    graphs[stage - 1]!.nodes.filter(({ id }) => !graphs[stage]?.nodes.some((node) => node.id === id)).map(({ id }) => id);
  const added = (stage: number): number[] =>
    graphs[stage]!.nodes.filter(({ id }) => !graphs[stage - 1]!.nodes.some((node) => node.id === id)).map(({ id }) => id);
  const rules: Readonly<Record<number, (stage: number) => RuleHit[]>> = {
    3: (s) => [{ rule: "fold/transpose", before: removed(s), after: [], note: "fc2.weight: 512 KB computed once" }],
    4: (s) => [{ rule: "simplify/identity", before: removed(s), after: [] }],
    5: (s) =>
      added(s).map((id, k) => ({
        rule: "gelu/erf",
        before: removed(s).slice(k * 5, k * 5 + 5),
        after: [id],
        note: "div erf add mul mul → gelu",
      })),
    7: (s) => [{ rule: "decompose/softmax", before: removed(s), after: added(s), note: "softmax → max sub exp sum div" }],
    8: (s) => added(s).map((id) => ({ rule: "prepack/f32", before: [], after: [id], note: "KN64k16n" })),
  };
  if (i === failAt)
    return {
      ...info(i),
      status: "failed",
      reason: `value 19 has no producer`,
      ms: 0.7,
      opsBefore: size(i - 1),
      opsAfter: size(i - 1),
      hits: [],
    };
  return {
    ...info(i),
    status: changed ? "changed" : "same",
    ms: [1.8, 0.6, 0.9, 2.4, 0.3, 0.5, 0.2, 0.3, 0.4, 1.6, 3.1, 0.8, 0.5, 4.2][i]!,
    opsBefore: size(i - 1),
    opsAfter: size(i),
    hits: (i < graphs.length && rules[i]?.(i)) || [],
  };
}

/** Everything but the snapshots. */
export function summaryOf(passes: readonly PassEvent[], last: FixtureGraph, first: FixtureGraph): CompilationSummary {
  const id = (name: string): number => last.nodes.find((node) => node.name === name)?.id ?? -1;
  const fusion = (
    from: string,
    to: string,
    accepted: boolean,
    because: string,
    group: number | undefined,
    facts: Verdict["facts"] = [],
  ): Verdict => ({
    subject: "fusion",
    accepted,
    rule: accepted ? "fuse/element-wise" : "fuse/row-reduction",
    because,
    facts,
    nodes: [id(from), id(to)],
    ...(group === undefined ? {} : { group }),
  });
  const groups = last.groups ?? [];
  const verdicts: Verdict[] =
    groups.length === 0
      ? []
      : [
          fusion("/fc1/MatMul", "/fc1/Add", true, "fused: element-wise on the tile while it is in registers", 1, [
            { name: "bytes saved", value: 524288, unit: "B" },
          ]),
          fusion("/fc1/Add", "/fc1/act/Gelu", true, "fused: element-wise on the tile while it is in registers", 1, [
            { name: "bytes saved", value: 524288, unit: "B" },
          ]),
          fusion(
            "/fc1/act/Gelu",
            "/fc2/MatMul",
            false,
            "not fused: fc2 reads all 512 columns of a row, but N is computed 64 at a time (parallelism 4 -> 1)",
            undefined,
            [
              { name: "parallelism fused", value: 1 },
              { name: "parallelism apart", value: 4 },
              { name: "bytes saved", value: 524288, unit: "B" },
            ],
          ),
          fusion("/fc2/MatMul", "/fc2/Add", true, "fused: element-wise on the tile while it is in registers", 3),
          fusion("/fc2/Add", "/fc2/act/Gelu", true, "fused: element-wise on the tile while it is in registers", 3),
          fusion("/fc2/act/Gelu", "/head/MatMul", false, "not fused: another matmul leads its own group", undefined),
          fusion("/head/MatMul", "/head/Add", true, "fused: element-wise on the tile while it is in registers", 4),
          fusion(
            "/head/Add",
            "/head/Softmax/reduce_max",
            false,
            "not fused: needs the whole row, but N is split over 2 threads (parallelism 1.0 -> 0.5)",
            undefined,
            [{ name: "parallelism", value: 0.5 }],
          ),
          {
            subject: "template",
            accepted: true,
            rule: "matmul/blocking",
            because: "32x64 tiles over 2 threads: 96 % of the estimated peak",
            facts: [{ name: "estimated", value: 0.41, unit: "ms" }],
            nodes: [id("/fc1/MatMul")],
            group: 1,
            alternatives: [
              { choice: "64x64", cost: 0.47, unit: "ms" },
              { choice: "16x128", cost: 0.55, unit: "ms" },
            ],
          },
          {
            subject: "layout",
            accepted: true,
            rule: "layout/weights",
            because: "packed once as KN64k16n: 1.6 MB moved once instead of strided reads in every run",
            facts: [],
            nodes: [id("/fc1/MatMul")],
            group: 1,
          },
        ];
  const buffer = (
    number: number,
    name: string,
    bytes: number,
    offset: number,
    firstStep: number,
    lastStep: number,
    group: number,
    reuses: number[] = [],
  ) => ({
    id: number,
    name,
    scope: "arena",
    dtype: "f32",
    shape: [batch, bytes / 4 / batch],
    bytes,
    offset,
    firstStep,
    lastStep,
    groups: [group],
    reuses,
    ...(valueOf(last, name) === undefined ? {} : { value: valueOf(last, name)! }),
  });
  return {
    model: "mlp-gelu.onnx",
    isa: "avx512",
    threads: 2,
    precision: "f32",
    dims: { N: batch },
    passes,
    sources: first.nodes.map((node, i) => ({
      path: `#${i}`,
      opType: node.op[0]!.toUpperCase() + node.op.slice(1),
      domain: "",
      name: node.name,
    })),
    groups,
    verdicts,
    unsupported: [],
    buffers:
      groups.length === 0
        ? []
        : [
            buffer(0, "fc1_g", 262144, 0, 0, 1, 1),
            buffer(1, "fc2_g", 131072, 262144, 1, 2, 3),
            buffer(2, "head_b", 5120, 0, 2, 3, 4, [0]),
            buffer(3, "head_exp", 5120, 8192, 3, 3, 5, [0]),
            buffer(4, "head_max", 512, 16384, 3, 3, 5, [0]),
          ],
    kernels:
      groups.length === 0
        ? []
        : [
            { group: 1, name: "g1_fc1", irLines: [1, 16], cppLines: [1, 17] },
            { group: 5, name: "g5_softmax", irLines: [18, 24], cppLines: [19, 27] },
          ],
    ...(groups.length === 0 ? {} : { fusion: fusionOf(groups, verdicts), memory: memoryOf(groups) }),
    arenaBytes: 393216,
    arenaBytesWithoutReuse: 403968,
    constantBytes: 2_143_272,
    flops: 137_363_456,
    bytes: 3_400_000,
    caches: { l1: 32768, l2: 262144, l3: 33554432 },
  };
}

const valueOf = (graph: FixtureGraph, name: string): number | undefined => graph.values.find((value) => value.name === name)?.id;
