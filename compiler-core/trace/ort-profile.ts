/** Reads the profile of ONNX Runtime: a list of events, times in microseconds. Pure. */
import type { OrtKernel, OrtProfile } from "../protocol/ort-profile.ts";
import type { SourceNodeInfo } from "../protocol/trace.ts";

interface Event {
  readonly name: string;
  /** Start and duration. */
  readonly ts: number;
  readonly dur: number;
}
interface KernelEvent extends Event {
  readonly op: string;
  readonly provider: string;
  readonly index: number;
}

/** An event of a kernel has this behind the node's name; before version 1.5 or so, fences around it had events as well. */
const kernelTime = "_kernel_time";

/**
 * What a profile says of a model. Undefined: `data` is not a list of ONNX Runtime's events, or no kernel ran.
 * @param data the parsed JSON @param sources ONNX nodes of the model @param file name to show
 */
export function ortProfile(data: unknown, sources: readonly SourceNodeInfo[], file: string): OrtProfile | undefined {
  if (!Array.isArray(data)) return undefined;
  const events = data.filter(isEvent);
  const kernels = events.flatMap((event) => kernelEvent(event) ?? []);
  if (kernels.length === 0) return undefined;
  const spans = events.filter(({ name, cat }) => cat === "Session" && name === "model_run").sort((a, b) => a.ts - b.ts);
  const counted = spans.length > 1 ? spans.slice(1) : spans;
  const runs = counted.length > 0 ? counted.map((span) => within(kernels, span)) : [kernels];
  const found = times(runs);
  const find = finder(sources);
  const list = found.map(({ event, us, calls }): OrtKernel => {
    const { name, op, provider } = event;
    return { name, op, provider, us, calls, ...find(event) };
  });
  return {
    file,
    runs: runs.length,
    runUs: counted.length > 0 ? median(counted.map(({ dur }) => dur)) : sum(list.map(({ us }) => us)),
    kernelsUs: sum(list.map(({ us }) => us)),
    kernels: list.sort((a, b) => b.us - a.us || (a.name < b.name ? -1 : 1)),
  };
}

type RawEvent = Event & { readonly cat: string; readonly args?: Readonly<Record<string, unknown>> };

const isEvent = (value: unknown): value is RawEvent => {
  const { name, ts, dur, cat } = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  return typeof name === "string" && typeof cat === "string" && Number.isFinite(ts) && Number.isFinite(dur) && (dur as number) >= 0;
};

function kernelEvent({ name, ts, dur, cat, args = {} }: RawEvent): KernelEvent | undefined {
  if (cat !== "Node" || !name.endsWith(kernelTime)) return undefined;
  const text = (key: string): string => (typeof args[key] === "string" ? (args[key] as string) : "");
  const index = Number(args["node_index"] ?? NaN);
  return { name: name.slice(0, -kernelTime.length), ts, dur, op: text("op_name"), provider: text("provider"), index };
}

const within = (kernels: readonly KernelEvent[], { ts, dur }: Event): readonly KernelEvent[] =>
  kernels.filter((kernel) => kernel.ts >= ts && kernel.ts <= ts + dur);

/** Of each kernel the median over the runs of its time in a run; in a run without it it took none. */
function times(runs: readonly (readonly KernelEvent[])[]): { readonly event: KernelEvent; readonly us: number; readonly calls: number }[] {
  const all = new Map<string, { readonly event: KernelEvent; readonly perRun: Float64Array; calls: number }>();
  runs.forEach((run, at) => {
    for (const event of run) {
      const key = `${event.index} ${event.name}`;
      const known = all.get(key) ?? { event, perRun: new Float64Array(runs.length), calls: 0 };
      known.perRun[at] = (known.perRun[at] ?? 0) + event.dur;
      known.calls += 1;
      all.set(key, known);
    }
  });
  return [...all.values()].map(({ event, perRun, calls }) => ({ event, us: median(perRun), calls: calls / runs.length }));
}

function median(values: Iterable<number>): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * Finds the ONNX node of a kernel. Names may be empty or used twice: then the position decides, which is that of the file as long as nothing was
 * optimised. Kernels that ONNX Runtime made by fusing are often named after one of the nodes (`fused Gemm_609`, `Mul_632/LayerNormFusion/`).
 */
function finder(sources: readonly SourceNodeInfo[]): (event: KernelEvent) => Pick<OrtKernel, "source" | "found"> {
  const byName = new Map<string, number[]>();
  const byPosition = new Map<number, number>();
  sources.forEach(({ name, path }, source) => {
    if (name !== "") byName.set(name, [...(byName.get(name) ?? []), source]);
    const position = /^#(\d+)$/.exec(path)?.[1];
    if (position !== undefined) byPosition.set(Number(position), source);
  });
  const chosen = (candidates: readonly number[], { op, index }: KernelEvent): number | undefined => {
    const same = candidates.filter((source) => sources[source]?.opType === op);
    return same.length <= 1 ? same[0] : same.find((source) => byPosition.get(index) === source);
  };
  return (event) => {
    const named = chosen(byName.get(event.name) ?? [], event);
    if (named !== undefined) return { source: named, found: "name" };
    const there = byPosition.get(event.index);
    // Nodes without a name are called after their operator and position.
    if (there !== undefined && sources[there]?.name === "" && sources[there]?.opType === event.op)
      return { source: there, found: "position" };
    for (const part of parts(event.name)) {
      const [only, ...others] = byName.get(part) ?? [];
      if (only !== undefined && others.length === 0) return { source: only, found: "part" };
    }
    return { found: "none" };
  };
}

/** Names that a fused kernel's may be made of, longest first. */
function parts(name: string): readonly string[] {
  const core = name.replace(/^fused /, "").replace(/_nchwc$/, "");
  const found = [core];
  for (let end = core.lastIndexOf("/"); end > 0; end = core.lastIndexOf("/", end - 1)) found.push(core.slice(0, end));
  return found;
}
