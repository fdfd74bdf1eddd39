/** ELK for small graphs whose ways cross, where its quality is worth its time. It never sees more than `elkLimit` boxes and can be thrown away. */
import ELK, { type ElkNode } from "elkjs/lib/elk-api.js";
import { Superseded, workerFromText } from "./layouter.ts";
import { framePadding, frameTitle, tagGap, type LayoutInput, type Placement } from "./types.ts";

/** ELK needs seconds beyond this. */
export const elkLimit = 100;
const timeLimitMs = 8000;

const options = {
  "elk.algorithm": "layered",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.mergeHierarchyEdges": "true",
  "elk.layered.spacing.nodeNodeBetweenLayers": "34",
  "elk.spacing.nodeNode": "30",
  "elk.layered.spacing.edgeNodeBetweenLayers": "15",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "8",
  "elk.randomSeed": "1",
};

/** One worker for the page: it answers in turn. */
let shared: { readonly elk: InstanceType<typeof ELK>; worker: () => Worker | undefined } | undefined;
/** Where the script of the worker comes from: the host has it, since few pictures need it. */
let load: () => Promise<string> = () => Promise.reject(new Error("nobody has ELK"));
let source: Promise<string> | undefined;

export function provideElk(from: () => Promise<string>): void {
  load = from;
}

async function elkNow(): Promise<InstanceType<typeof ELK>> {
  source ??= load();
  const elkSource = await source;
  if (shared) return shared.elk;
  let worker: Worker | undefined;
  const elk = new ELK({ workerFactory: () => (worker = workerFromText(elkSource)) as never });
  shared = { elk, worker: () => worker };
  return elk;
}

function restart(): void {
  shared?.worker()?.terminate();
  shared = undefined;
}

export class ElkLayouter {
  private abandon: ((error: Error) => void) | undefined;

  /** Rejects with `Superseded` when asked again or cancelled, and with an error when ELK takes longer than its time limit. */
  layout(input: LayoutInput): Promise<Placement> {
    this.cancel();
    return new Promise((resolve, reject) => {
      this.abandon = reject;
      const timer = setTimeout(() => {
        restart();
        reject(new Error("ELK took too long"));
      }, timeLimitMs);
      elkNow()
        .then((elk) => elk.layout(elkGraph(input)))
        .then((graph) => {
          resolve(placementOf(input, graph));
        })
        .catch(reject)
        .finally(() => clearTimeout(timer));
    });
  }

  cancel(): void {
    this.abandon?.(new Superseded("superseded"));
    this.abandon = undefined;
  }
}

/** The box of ELK: the one drawn, and behind it the text beside its way. */
function outer(input: LayoutInput, i: number): { readonly width: number; readonly height: number } {
  const [w, h] = [input.w[i] as number, input.h[i] as number];
  const [tagW, tagH] = [input.tagW?.[i] ?? 0, input.tagH?.[i] ?? 0];
  if (tagW === 0) return { width: w, height: h };
  return input.direction === "right"
    ? { width: w + tagW + 10, height: Math.max(h, h / 2 + tagH + 4) }
    : { width: Math.max(w, w / 2 + tagGap + tagW + 2), height: h + tagH + tagGap };
}

/** A box with one place where ways arrive and one where they leave, in the middle of the drawn box. */
function elkBox(input: LayoutInput, i: number): ElkNode {
  const { width, height } = outer(input, i);
  const right = input.direction === "right";
  const middle = (right ? (input.h[i] as number) : (input.w[i] as number)) / 2;
  const port = (id: string, side: string, x: number, y: number) => ({
    id,
    x,
    y,
    width: 0,
    height: 0,
    layoutOptions: { "elk.port.side": side },
  });
  return {
    id: `n${i}`,
    width,
    height,
    layoutOptions: { "elk.portConstraints": "FIXED_POS" },
    ports: right
      ? [port(`i${i}`, "WEST", 0, middle), port(`o${i}`, "EAST", width, middle)]
      : [port(`i${i}`, "NORTH", middle, 0), port(`o${i}`, "SOUTH", middle, height)],
  };
}

/** Boxes in the order they had across the flow, which ELK is told to keep, in their frames. */
function elkGraph(input: LayoutInput): ElkNode {
  const wished = (i: number): number => input.hint?.[i] ?? NaN;
  const order = Array.from({ length: input.count }, (_, i) => i);
  if (input.hint) order.sort((a, b) => (wished(a) || 0) - (wished(b) || 0) || a - b);
  const root: ElkNode = {
    id: "root",
    layoutOptions: { ...options, "elk.direction": input.direction === "right" ? "RIGHT" : "DOWN" },
    children: [],
    edges: Array.from(input.from, (from, e) => ({ id: `e${e}`, sources: [`o${from}`], targets: [`i${input.to[e]}`] })),
  };
  const sides = `[top=${frameTitle + framePadding},left=${framePadding},bottom=${framePadding},right=${framePadding}]`;
  const frames = Array.from(input.frameParent ?? [], (_, f): ElkNode => {
    const width = Math.round(input.frameTitleW?.[f] ?? 0);
    return {
      id: `f${f}`,
      children: [],
      layoutOptions: { "elk.padding": sides, "elk.nodeSize.constraints": "MINIMUM_SIZE", "elk.nodeSize.minimum": `(${width},40)` },
    };
  });
  const within = (frame: number): ElkNode => frames[frame] ?? root;
  for (const i of order) within(input.frameOf?.[i] ?? -1).children?.push(elkBox(input, i));
  frames.forEach((frame, f) => {
    if (frame.children?.length) within(input.frameParent?.[f] ?? -1).children?.push(frame);
  });
  return root;
}

function placementOf(input: LayoutInput, graph: ElkNode): Placement {
  const x = new Float64Array(input.count);
  const y = new Float64Array(input.count);
  const frames = new Float64Array(4 * (input.frameParent?.length ?? 0));
  const open = [...(graph.children ?? [])];
  for (let node = open.pop(); node; node = open.pop()) {
    const i = Number(node.id.slice(1));
    if (node.id.startsWith("n")) [x[i], y[i]] = [node.x ?? 0, node.y ?? 0];
    else frames.set([node.x ?? 0, node.y ?? 0, node.width ?? 0, node.height ?? 0], 4 * i);
    open.push(...(node.children ?? []));
  }
  const start = new Int32Array(input.from.length + 1);
  const points: number[] = [];
  const byId = new Map((graph.edges ?? []).map((edge) => [edge.id, edge.sections?.[0]]));
  input.from.forEach((from, e) => {
    const section = byId.get(`e${e}`);
    if (section) {
      // A way begins at the drawn box.
      const begin =
        input.direction === "right"
          ? [(x[from] as number) + (input.w[from] as number), section.startPoint.y]
          : [section.startPoint.x, (y[from] as number) + (input.h[from] as number)];
      points.push(...begin);
      for (const point of [...(section.bendPoints ?? []), section.endPoint]) points.push(point.x, point.y);
    }
    start[e + 1] = points.length / 2;
  });
  return {
    x,
    y,
    start,
    points: Float64Array.from(points),
    orthogonal: true,
    direction: input.direction ?? "down",
    frames,
    left: 0,
    top: 0,
    width: graph.width ?? 0,
    height: graph.height ?? 0,
  };
}
