/** A real compilation of a model as the editor's host would send it to the page. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  bodyAt,
  bodyDelta,
  compilationSummary,
  cppReply,
  defaultOptions,
  graphDelta,
  isModule,
  passInfos,
  snapshotReply,
  StringTable,
} from "#core";
import { compileModel, localMachine, openSessionModel } from "#core/io";
import type { CompareHello, Hello, PanelOptions, TextReply, ToPage } from "#protocol";
import type { Fixture } from "./fixture.ts";

const generation = 1;

/**
 * @param bodies paths of graphs inside of the model that the page may ask for
 * @param changed options other than the usual ones
 */
export function compiledFixture(name: string, bytes: Uint8Array, bodies: readonly string[], changed: Partial<PanelOptions> = {}): Fixture {
  const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-page-"));
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  const model = openSessionModel(file);
  try {
    const machine = localMachine();
    const deltas: ToPage[] = [];
    const strings = new StringTable();
    let last: { stage: number; graph: Parameters<typeof graphDelta>[1] } | undefined;
    const compilation = compileModel(model, { ...defaultOptions, isa: "scalar", ...changed }, machine, {
      onStage: ({ index }, snapshot) => {
        if (isModule(snapshot) || snapshot === last?.graph) return;
        deltas.push({
          type: "stage",
          generation,
          delta: graphDelta(index, snapshot, last?.stage ?? -1, last?.graph, strings),
        });
        last = { stage: index, graph: snapshot };
      },
    });
    const options = { isa: "scalar", threads: 1, precision: "f32" as const, dims: {}, without: [], force: [], forbid: [], ...changed };
    const hello: Hello = {
      model: { name, path: file, bytes: model.bytes },
      options,
      isas: [{ name: "scalar", missing: [] }],
      maxThreads: 1,
      dims: model.dims.map((dim) => ({ name: dim, value: model.defaultDims[dim] ?? 1, source: "default" as const })),
      passes: passInfos,
      trusted: true,
      strings: {},
    };
    const texts: Record<string, TextReply> = {};
    compilation.snapshots.forEach((snapshot, stage) => (texts[`ir:${stage}`] = snapshotReply(snapshot)));
    if (compilation.source) texts[`cpp:${compilation.snapshots.length - 1}`] = cppReply(compilation.source);
    const indices = new Map(model.graph.sources.map((source, i) => [source.path, i]));
    const replies: Record<string, unknown> = {};
    for (const body of bodies) {
      const found = bodyAt(model.file.model, body);
      if (found) replies[`body:${body}`] = bodyDelta(found, body, (inner) => indices.get(inner), new StringTable());
    }
    return {
      messages: [
        { type: "hello", hello },
        { type: "generation", generation, options },
        ...deltas,
        { type: "summary", generation, summary: compilationSummary(compilation) },
      ],
      texts,
      replies,
    };
  } finally {
    model.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The messages of a fixture as those of the other side of a comparison. */
export function asOther({ messages }: Fixture, compare: CompareHello): ToPage[] {
  const { id } = compare;
  return [
    { type: "compare", compare },
    ...messages.flatMap((message): ToPage[] => {
      if (message.type === "stage") return [{ type: "compare-stage", id, delta: message.delta }];
      if (message.type === "summary") return [{ type: "compare-summary", id, summary: message.summary }];
      return message.type === "failed" ? [{ type: "compare-failed", id, error: message.error }] : [];
    }),
  ];
}
