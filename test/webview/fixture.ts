/** A small network as the compiler would record it: two layers with an exported GELU, an output layer with softmax. */
import type { Hello, PassEvent, TextReply, ToPage } from "#protocol";
import { DeltaWriter, type FixtureGraph } from "./delta-writer.ts";
import { batch, Story } from "./fixture-story.ts";
import { info, passEvent, passNames, summaryOf } from "./fixture-summary.ts";
import { benchResult, templateSpace } from "./fixture-bench.ts";
import { productSource, textsOf } from "./fixture-texts.ts";

const generation = 1;

export interface Fixture {
  readonly messages: ToPage[];
  readonly texts: Record<string, TextReply>;
  readonly replies: Record<string, unknown>;
}

/** The whole compilation. `hostile` gives nodes names that are markup. `failAt` makes that pass fail. */
export function mlp(options: { readonly hostile?: boolean; readonly trusted?: boolean; readonly failAt?: number } = {}): Fixture {
  const story = new Story();
  if (options.hostile) {
    const evil = '<img src=x onerror="document.body.dataset.hacked=1">\u202e</script>';
    story.graph = {
      ...story.graph,
      nodes: story.graph.nodes.map((node) => (node.name === "/fc1/MatMul" ? { ...node, name: evil } : node)),
      values: story.graph.values.map((value) => (value.name === "fc1_y" ? { ...value, name: evil } : value)),
    };
  }
  const first = story.graph;
  const steps: (() => FixtureGraph)[] = [
    () => first,
    () => story.specialise(),
    () => story.graph,
    () => story.fold(),
    () => story.simplify(),
    () => story.recognise(),
    () => story.graph,
    () => story.decompose(),
  ];
  if (!options.hostile)
    steps.push(
      () => story.prepack(),
      () => story.fuse(),
    );
  const graphs = steps.map((make) => make());
  const writer = new DeltaWriter();
  const deltas = graphs.map((graph, i) => writer.next(i, graph));
  const end = options.failAt ?? (options.hostile ? graphs.length - 1 : passNames.length - 1);
  const passes = Array.from({ length: end + 1 }, (_, i): PassEvent => passEvent(i, graphs, options.failAt));
  const last = graphs[Math.min(graphs.length, options.failAt ?? Infinity) - 1]!;
  const summary = summaryOf(passes, last, first);
  const panelOptions = { isa: "avx512", threads: 2, precision: "f32" as const, dims: { N: batch }, without: [], force: [], forbid: [] };
  const hello: Hello = {
    model: { name: "mlp-gelu.onnx", path: "/models/mlp-gelu.onnx", bytes: 2_158_432 },
    options: panelOptions,
    isas: [
      { name: "auto", missing: [] },
      { name: "avx2", missing: [] },
      { name: "avx512", missing: [] },
      { name: "amx", missing: ["amx_tile", "amx_bf16"] },
    ],
    maxThreads: 2,
    dims: [{ name: "N", value: batch, source: "set" }],
    passes: passNames.map((_, i) => info(i)),
    trusted: options.trusted ?? true,
    strings: {},
  };
  const failed =
    options.failAt === undefined
      ? []
      : [
          {
            type: "failed" as const,
            generation,
            error: {
              code: "pass-failed",
              message: `Pass ${passNames[options.failAt]![0]} failed: value 19 has no producer.`,
              next: "The stages before it are shown; report this with the model.",
            },
          },
        ];
  return {
    messages: [
      { type: "hello", hello },
      { type: "generation", generation, options: panelOptions },
      ...deltas.filter(({ stage }) => stage < (options.failAt ?? Infinity)).map((delta): ToPage => ({ type: "stage", generation, delta })),
      { type: "summary", generation, summary },
      ...failed,
    ],
    texts: textsOf(last, end),
    replies: {
      bench: benchResult,
      benchRuns: [],
      keepRun: null,
      dropRuns: null,
      templateSpace,
      compile: { generation: 2 },
      openText: null,
      nativeSource: productSource,
      openHeader: null,
      openDiff: null,
      tensor: {
        dtype: "f32",
        shape: [512],
        values: Float64Array.from({ length: 64 }, (_, i) => Math.sin(i) / 20),
      },
    },
  };
}
