/** ELK for small graphs, where its quality is worth its time. It never sees more than `elkLimit` boxes and can be thrown away. */
/// <reference path="../text-modules.d.ts" />
import ELK, { type ElkNode } from "elkjs/lib/elk-api.js";
import elkSource from "elkjs/lib/elk-worker.min.js?text";
import { Superseded, workerFromText } from "./layouter.ts";
import type { LayoutInput, Placement } from "./types.ts";

/** ELK needs seconds beyond this. */
export const elkLimit = 150;
const timeLimitMs = 8000;

const options = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.mergeEdges": "true",
  "elk.layered.spacing.nodeNodeBetweenLayers": "46",
  "elk.spacing.nodeNode": "30",
  "elk.layered.spacing.edgeNodeBetweenLayers": "18",
  "elk.randomSeed": "1",
};

/** One worker for the page: it answers in turn. */
let shared: { readonly elk: InstanceType<typeof ELK>; worker: () => Worker | undefined } | undefined;
let answered = false;

/** False until ELK has shown that it runs here; starting it takes a second. */
export const elkIsWarm = (): boolean => answered;

function elkNow(): InstanceType<typeof ELK> {
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
        .layout(elkGraph(input))
        .then((graph) => {
          answered = true;
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

/** Boxes in the order they had from left to right, which ELK is told to keep. */
function elkGraph(input: LayoutInput): ElkNode {
  const wished = (i: number): number => input.hint?.[i] ?? NaN;
  const order = Array.from({ length: input.count }, (_, i) => i);
  if (input.hint) order.sort((a, b) => (wished(a) || 0) - (wished(b) || 0) || a - b);
  return {
    id: "root",
    layoutOptions: options,
    children: order.map((i) => ({ id: `n${i}`, width: input.w[i] as number, height: input.h[i] as number })),
    edges: Array.from(input.from, (from, e) => ({ id: `e${e}`, sources: [`n${from}`], targets: [`n${input.to[e]}`] })),
  };
}

function placementOf(input: LayoutInput, graph: ElkNode): Placement {
  const x = new Float64Array(input.count);
  const y = new Float64Array(input.count);
  for (const child of graph.children ?? []) {
    const i = Number(child.id.slice(1));
    x[i] = child.x ?? 0;
    y[i] = child.y ?? 0;
  }
  const start = new Int32Array(input.from.length + 1);
  const points: number[] = [];
  const byId = new Map((graph.edges ?? []).map((edge) => [edge.id, edge.sections?.[0]]));
  input.from.forEach((_, e) => {
    const section = byId.get(`e${e}`);
    if (section) for (const point of [section.startPoint, ...(section.bendPoints ?? []), section.endPoint]) points.push(point.x, point.y);
    start[e + 1] = points.length / 2;
  });
  return {
    x,
    y,
    start,
    points: Float64Array.from(points),
    orthogonal: true,
    frames: new Float64Array(),
    left: 0,
    top: 0,
    width: graph.width ?? 0,
    height: graph.height ?? 0,
  };
}
