/** What the page can ask for: one handler a request, and the shape of what it may say. Time limits are the protocol's (`requestSeconds`). */
import { writeFile } from "node:fs/promises";
import { isBenchRun, shape, type BenchRun, type PanelOptions, type PanelRequests, type RequestName } from "#protocol";
import { coded } from "../coded-error.ts";
import type { ModelDocument } from "../document/model-document.ts";
import { readRun } from "../features/benchmark-runs.ts";
import type { ChosenData } from "../features/probe.ts";
import type { Progress } from "../worker/messages.ts";

const { bytes, either, json, listOf, members, oneOf, optional, recordOf, text, whole } = shape;

/** What a handler may use besides its argument. */
export interface RequestContext {
  readonly document: ModelDocument;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
  /** Runs a benchmark with the notification, the status bar and the log around it. */
  readonly bench: (
    arg: PanelRequests["bench"]["arg"],
    signal: AbortSignal,
    progress: (p: Progress) => void,
  ) => Promise<PanelRequests["bench"]["reply"]>;
  /** Benchmarks that are kept for this model. */
  readonly runs: {
    readonly list: () => readonly BenchRun[];
    readonly keep: (run: BenchRun) => Promise<void>;
    readonly drop: (ids: readonly string[]) => Promise<void>;
  };
  readonly openText: (arg: PanelRequests["openText"]["arg"]) => Promise<void>;
  /** Opens a header that is there, at a line from 1. */
  readonly openHeader: (file: string, line: number) => Promise<void>;
  readonly openDiff: (arg: PanelRequests["openDiff"]["arg"]) => Promise<void>;
  /** Asks where to save a file; undefined when nobody chose a place. */
  readonly chooseFile: (name: string, kinds: Readonly<Record<string, readonly string[]>>) => Promise<string | undefined>;
  /** Asks for a file to read; undefined when nobody chose one. */
  readonly chooseStored: (kinds: Readonly<Record<string, readonly string[]>>) => Promise<string | undefined>;
  /** Asks what the model is to be run on; undefined when nobody chose. */
  readonly chooseProbeData: () => Promise<ChosenData | undefined>;
  readonly changeOptions: (arg: PanelRequests["compile"]["arg"]) => void;
  /** Holds the compilation shown against one of the same model with other options. Throws `compare-same` for the same. */
  readonly compareOptions: (options: PanelOptions) => void;
  /** The script of ELK's worker. */
  readonly elk: () => string;
  readonly saveState: (state: unknown) => void;
}

type Handler<N extends RequestName> = (arg: PanelRequests[N]["arg"], context: RequestContext) => Promise<PanelRequests[N]["reply"]>;

interface Row<N extends RequestName> {
  /** Of the argument. */
  readonly shape: shape.Shape;
  readonly handle: Handler<N>;
}

const stage = whole(0, 100_000);
const kind = oneOf("ir", "cpp", "asm");
const name = text(10_000);
const pair = listOf(name, 2);

const options = members({
  isa: name,
  threads: whole(1, 256),
  precision: oneOf("f32", "bf16"),
  dims: recordOf(whole(0), 1000),
  without: listOf(name, 1000),
  force: listOf(pair, 1000),
  forbid: listOf(pair, 1000),
});

const scope = either(
  members({ kind: oneOf("model") }),
  members({ kind: oneOf("group"), group: whole(0) }),
  members({ kind: oneOf("nodes"), nodes: listOf(whole(0), 1_000_000) }),
);

/** Letters or bytes of a picture or a benchmark that is saved. */
const mostSaved = 2 ** 29;

/** Elements of one answer: 8 MB of numbers. */
const mostElements = 1_000_000;

const tensorWindow = members({
  at: listOf(whole(0), 1000),
  rowAxis: whole(0, 1000),
  columnAxis: whole(0, 1000),
  rows: whole(0, mostElements),
  columns: whole(0, mostElements),
});

export const pageRequests: { readonly [N in RequestName]: Row<N> } = {
  compile: {
    shape: members({ options }),
    handle: async (arg, { document, changeOptions }) => {
      changeOptions(arg);
      return { generation: document.generation };
    },
  },
  text: {
    shape: members({ kind, stage }),
    handle: (arg, { document, signal, progress }) => document.text(arg.kind, arg.stage, signal, progress),
  },
  tensor: {
    shape: members({ value: whole(0), stage, start: whole(0), count: whole(0, mostElements), window: optional(tensorWindow) }),
    handle: (arg, { document, signal }) => document.tensor(arg, signal),
  },
  tensorStats: {
    shape: members({ value: whole(0), stage }),
    handle: (arg, { document, signal, progress }) => document.tensorStats(arg, signal, progress),
  },
  saveTensor: { shape: members({ value: whole(0), stage }), handle: saveTensor },
  probe: {
    shape: members({ value: whole(0), stage, choose: oneOf(true, false) }),
    handle: async ({ value, stage: at, choose }, { document, signal, progress, chooseProbeData }) => {
      const chosen = choose || document.probeData === undefined ? await chooseProbeData() : document.probeData;
      if (chosen === undefined) return { tensor: null, data: "" };
      document.probeData = chosen;
      return { tensor: await document.probe({ value, stage: at, data: chosen.data }, signal, progress), data: chosen.text };
    },
  },
  compareValues: {
    shape: members({ with: oneOf("reference", "float"), choose: oneOf(true, false) }),
    handle: async ({ with: other, choose }, { document, signal, progress, chooseProbeData }) => {
      const chosen = choose || document.probeData === undefined ? await chooseProbeData() : document.probeData;
      if (chosen === undefined) return { data: "" };
      document.probeData = chosen;
      return { data: chosen.text, ...(await document.compareValues({ with: other, data: chosen.data }, signal, progress)) };
    },
  },
  loops: {
    shape: members({ nodes: listOf(whole(0), 1_000_000) }),
    handle: ({ nodes }, { document, signal }) => document.loops(nodes, signal),
  },
  body: { shape: members({ path: name }), handle: ({ path }, { document, signal }) => document.body(path, signal) },
  bench: {
    shape: members({
      scope,
      baselines: listOf(name, 10),
      params: optional(recordOf(either(whole(0), name), 100)),
      lines: optional(oneOf(true, false)),
      against: optional(options),
    }),
    handle: (arg, { bench, signal, progress }) => bench(arg, signal, progress),
  },
  compareOptions: {
    shape: members({ options }),
    handle: async ({ options: other }, { compareOptions }) => (compareOptions(other), null),
  },
  templateSpace: {
    shape: members({ group: whole(0) }),
    handle: ({ group }, { document, signal }) => document.templateSpace(group, signal),
  },
  benchRuns: { shape: members({}), handle: async (_, { runs }) => runs.list() },
  keepRun: {
    shape: members({ run: either(isBenchRun) }),
    handle: async ({ run }, { runs }) => (await runs.keep(run), null),
  },
  dropRuns: {
    shape: members({ ids: listOf(text(200), 10_000) }),
    handle: async ({ ids }, { runs }) => (await runs.drop(ids), null),
  },
  openRun: { shape: members({}), handle: async (_, context) => openRun(await context.chooseStored({ Benchmark: ["json"] }), context) },
  openProfile: {
    shape: members({}),
    handle: async (_, { document, signal, chooseStored }) => {
      const path = await chooseStored({ "Profile of ONNX Runtime": ["json"] });
      return { profile: path === undefined ? null : await document.ortProfile(path, signal) };
    },
  },
  openDiff: {
    shape: members({ left: stage, right: stage }),
    handle: async (arg, { openDiff }) => (await openDiff(arg), null),
  },
  openText: {
    shape: members({ kind, stage, line: optional(whole(0)) }),
    handle: async (arg, { openText }) => (await openText(arg), null),
  },
  nativeSource: {
    shape: either(members({ name: text(200) }), members({ file: text(200) })),
    handle: (arg, { document, signal }) => document.nativeSource(arg, signal),
  },
  openHeader: { shape: members({ file: text(200), line: whole(1, 1_000_000) }), handle: openHeader },
  elk: { shape: members({}), handle: async (_, { elk }) => ({ source: elk() }) },
  saveState: {
    shape: members({ state: json(100_000) }),
    handle: async ({ state }, { saveState }) => (saveState(state), null),
  },
  saveFile: {
    shape: either(members({ name, text: text(mostSaved) }), members({ name, bytes: bytes(mostSaved) })),
    handle: saveFile,
  },
};

async function openHeader(
  { file, line }: PanelRequests["openHeader"]["arg"],
  { document, signal, openHeader }: RequestContext,
): Promise<null> {
  // A page names headers of ours, never another file.
  if ((await document.nativeSource({ file }, signal)) === null) throw coded("page-request", { what: "a header that there is not" });
  await openHeader(file, line);
  return null;
}

/** @throws bench-file, bench-model */
async function openRun(
  file: string | undefined,
  { document, signal }: Pick<RequestContext, "document" | "signal">,
): Promise<PanelRequests["openRun"]["reply"]> {
  if (file === undefined) return { run: null };
  const run = readRun(file);
  const { modelHash } = run.result;
  if (modelHash !== undefined && modelHash !== (await document.structureHash(signal)))
    throw coded("bench-model", { path: file, model: run.model });
  return { run };
}

async function saveTensor(
  arg: PanelRequests["saveTensor"]["arg"],
  { document, signal, progress, chooseFile }: RequestContext,
): Promise<PanelRequests["saveTensor"]["reply"]> {
  const named = document.graphAt(arg.stage).values.get(arg.value)?.name ?? "";
  const path = await chooseFile(`${named.replaceAll(/[^\w.-]+/g, "_").slice(0, 80) || `value-${arg.value}`}.npy`, { NumPy: ["npy"] });
  if (path === undefined) return {};
  return { path, ...(await document.writeTensor({ ...arg, path }, signal, progress)) };
}

const fileKinds: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  svg: { "SVG picture": ["svg"] },
  png: { "PNG picture": ["png"] },
  json: { Benchmark: ["json"] },
};

async function saveFile(
  { name: wanted, text: content, bytes: data }: PanelRequests["saveFile"]["arg"],
  { chooseFile }: RequestContext,
): Promise<PanelRequests["saveFile"]["reply"]> {
  // A page may propose a name, not a folder.
  const proposed = wanted.replaceAll(/[^\w.-]+/g, "_").slice(-120);
  const path = await chooseFile(proposed, fileKinds[proposed.split(".").pop() ?? ""] ?? {});
  if (path !== undefined) await writeFile(path, data ?? content ?? "");
  return { path: path ?? null };
}

/** True for a message that names a request of the table: messages of a page are not trusted to be well formed. */
export const isRequestName = (name: unknown): name is RequestName => typeof name === "string" && Object.hasOwn(pageRequests, name);
