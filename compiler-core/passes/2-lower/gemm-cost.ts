/**
 * Predicted time of a matrix product at a point of its search space, from the machine's figures: cycles of the register tiles, and what has to
 * come from which cache. Figures that were not measured are nominal; the prediction says so.
 */
import { f32Lanes, type IsaName, type MachineProfile, type MemoryLevel } from "../../machine.ts";
import { gemmFamilies } from "./gemm-families.ts";
import { gemmAxes, neighbours, plainChoice, pointOf, type GemmChoice, type GemmPoint, type GemmProblem } from "./gemm-space.ts";

/** The machine as one thread sees it. */
export interface CoreFigures {
  readonly ghz: number;
  /** Multiply-adds of whole vectors per cycle. */
  readonly fma: number;
  /** Bytes that arrive per cycle. */
  readonly bytes: Readonly<Record<MemoryLevel, number>>;
  /** Of what a thread may use, in bytes. */
  readonly l1d: number;
  readonly l2: number;
  readonly l3: number;
  readonly barrierNs: number;
  /** Members of the profile that were not there. */
  readonly nominal: readonly string[];
}

/** What a core has where nobody measured it: a server core of the 2020s. */
const usual = { ghz: 3, fma: 2, bytes: { l1d: 64, l2: 32, l3: 10, memory: 4 }, barrierNs: 400 } as const;

export function coreFigures(machine: MachineProfile, isa: IsaName, threads: number): CoreFigures {
  const nominal: string[] = [];
  const known = (name: string, value: number | undefined, otherwise: number): number => {
    if (value === undefined) nominal.push(name);
    return value ?? otherwise;
  };
  const { peaks, bandwidths, caches } = machine;
  const ghz = known("peaks.ghz", peaks?.ghz, usual.ghz);
  const gflops = isa === "avx2" ? peaks?.f32Avx2GflopsPerCore : peaks?.f32GflopsPerCore;
  const fma = known("peaks.f32GflopsPerCore", isa === "scalar" ? undefined : gflops, usual.fma * 2 * f32Lanes(isa) * ghz);
  const level = (name: MemoryLevel): number => {
    const found = bandwidths?.[name];
    const each = found === undefined ? undefined : threads === 1 ? found.core : (found.all ?? found.core * threads) / threads;
    return known(`bandwidths.${name}`, each === undefined ? undefined : each / ghz, usual.bytes[name]);
  };
  return {
    ghz,
    fma: Math.max(0.25, fma / (2 * f32Lanes(isa) * ghz)),
    bytes: { l1d: level("l1d"), l2: level("l2"), l3: level("l3"), memory: level("memory") },
    l1d: caches.l1d,
    l2: caches.l2,
    l3: caches.l3 / threads,
    barrierNs: threads === 1 ? 0 : known("teamCosts", machine.teamCosts?.find((t) => t.threads >= threads)?.barrierNs, usual.barrierNs),
    nominal,
  };
}

/** Of a cache, what data that is used again may take before most of it is gone when it is needed. */
const fill = 0.75;
/** Where data is found that was used so many bytes ago. */
const home = (f: CoreFigures, distance: number): MemoryLevel =>
  distance <= fill * f.l1d ? "l1d" : distance <= fill * f.l2 ? "l2" : distance <= fill * f.l3 ? "l3" : "memory";

/** Cycles until a multiply-add's result can be added to. */
const latency = 4;
const callCycles = 12;

/** Cycles of one register tile of `rows` x `vectors` over `depth` of k: the kernel's own loops (native/kernels/gemm/tile.hpp). */
function tileCycles(f: CoreFigures, p: GemmProblem, rows: number, vectors: number, depth: number): number {
  const { group, instructions, divides } = gemmFamilies[p.kernel];
  const k = Math.ceil(depth / group);
  const chains = rows * vectors >= 8 ? 1 : rows * vectors >= 4 ? 2 : 4;
  const step = Math.max((rows * vectors * instructions(p.isa)) / f.fma, vectors * 0.75 + rows * 0.5, latency / chains);
  const pieces = divides && k > 256 ? Math.ceil(k / 128) - 1 : 0;
  return callCycles + k * step + rows * vectors * (2 + chains + 2 * pieces);
}

/** Cycles of all tiles of a share. Blocks are whole tiles and panels, so they do not change the sum. */
function shareCycles(f: CoreFigures, p: GemmProblem, { mr, nr, kc }: GemmPoint, rows: number, cols: number): number {
  const lanes = f32Lanes(p.isa);
  const [down, rest] = [Math.floor(rows / mr), rows % mr];
  const [across, narrow] = [Math.floor(cols / nr), Math.ceil((cols % nr) / lanes)];
  const panel = (vectors: number): number =>
    vectors === 0 ? 0 : down * tileCycles(f, p, mr, vectors, kc) + (rest === 0 ? 0 : tileCycles(f, p, rest, vectors, kc));
  return (p.k / kc) * (across * panel(nr / lanes) + panel(narrow));
}

/** Bytes of a sum. */
const f32 = 4;

/**
 * Cycles in which operands arrive: each reading is priced by how much else was touched since the one before it. `beside`: while tiles are
 * computed; `extra`: before and after them, for partial sums and for copies of A.
 */
function trafficCycles(
  f: CoreFigures,
  p: GemmProblem,
  point: GemmPoint,
  rows: number,
  cols: number,
): { readonly beside: number; readonly extra: number } {
  const { mr, nr, kc, copyA, order } = point;
  const [mc, nc] = [Math.min(point.mc, rows), Math.min(point.nc, cols)];
  const [rowBlocks, columnBlocks, steps] = [Math.ceil(rows / mc), Math.ceil(cols / nc), Math.ceil(p.k / kc)];
  const [panels, tiles] = [Math.ceil(cols / nr), Math.ceil(mc / mr)];
  const at = (bytes: number, distance: number, atLeast: MemoryLevel = "l1d"): number => {
    const level = home(f, distance);
    const from = level === "l1d" ? atLeast : level;
    return from === "l1d" ? 0 : bytes / f.bytes[from];
  };
  const { bytes } = gemmFamilies[p.kernel];
  const all = bytes * (rows * p.k + p.k * cols) + f32 * rows * cols;
  const [aBytes, bBytes] = [bytes * rows * p.k, bytes * p.k * cols];
  const [aBlock, bBlock] = [bytes * mc * p.k, bytes * p.k * nc];
  const [panel, aTile, aPass] = [bytes * kc * nr, bytes * kc * mr, bytes * mc * kc];
  const conflict = p.colliding === true && copyA === 0 && mr > 8;
  const aAgain = order === "rows" ? aBlock + bBlock : aBytes + bBlock;
  const bAgain = order === "rows" ? bBytes + aBlock : bBlock + aBlock;
  const first = at(aBytes + bBytes, all);
  const again = (columnBlocks - 1) * at(aBytes, aAgain) + (rowBlocks - 1) * at(bBytes, bAgain);
  // Inside of a call: a panel for every tile of rows, the block of A for every panel.
  const within = rowBlocks * (tiles - 1) * at(bBytes, panel + aTile);
  const perPanel = (panels - columnBlocks) * at(aBytes, aPass + 2 * panel, conflict ? "l2" : "l1d") * (conflict ? 2 : 1);
  const partial = (steps - 1) * (at(2 * f32 * rows * cols, f32 * mc * nc + panel + aTile) + (2 * rows * cols) / f32Lanes(p.isa));
  const copies = copyA === 0 ? 0 : (order === "columns" ? columnBlocks : 1) * ((2 * rows * p.k) / f32Lanes(p.isa) + at(aBytes, aAgain));
  return { beside: first + again + within + Math.max(0, perPanel), extra: partial + copies };
}

const blockCycles = 25;

/** Cycles in which thread 0 adds up the sums that threads across k have left in the cache that they share. */
function partCycles(f: CoreFigures, p: GemmProblem, parts: number): number {
  const sums = p.m * p.n * (parts + 1);
  return (f32 * sums) / f.bytes.l3 + (2 * sums) / f32Lanes(p.isa);
}

/** Nanoseconds that the busiest thread takes for the whole problem. */
export function predictGemm(f: CoreFigures, p: GemmProblem, point: GemmPoint): number {
  const { parts, ...alone } = point;
  if (parts !== undefined) return predictGemm(f, { ...p, k: point.kc }, alone) + partCycles(f, p, parts) / f.ghz + f.barrierNs;
  const [rows, cols] = [Math.min(p.m, point.rowsPerThread), Math.min(p.n, point.colsPerThread)];
  const compute = shareCycles(f, p, point, rows, cols);
  const { beside, extra } = trafficCycles(f, p, point, rows, cols);
  const blocks = Math.ceil(rows / point.mc) * Math.ceil(cols / point.nc) * Math.ceil(p.k / point.kc);
  // Loads run ahead of arithmetic, but not all of the time.
  const cycles = Math.max(compute, beside) + 0.2 * Math.min(compute, beside) + extra + blocks * blockCycles;
  return (p.batch * cycles) / f.ghz + f.barrierNs;
}

/** `14 x 32 tiles, blocks of 112 x 512, k in steps of 256`. */
export const pointText = ({ mr, nr, mc, nc, kc, order, copyA, parts }: GemmPoint): string =>
  `tiles of ${mr} x ${nr}, blocks of ${mc} x ${nc}, ${kc} steps of k at a time${order === "columns" ? ", columns outside" : ""}${copyA === 1 ? ", A copied" : ""}${parts === undefined ? "" : `, k in ${parts} parts`}`;

export interface Predicted {
  readonly choice: GemmChoice;
  readonly point: GemmPoint;
  readonly ns: number;
}

/** What a departure from the plain choice must gain, as a share of the time: predictions are not better than that. */
const doubt = 0.02;
function departures({ grid, tile, rowBlocks, columnBlocks, depthSteps, copyA }: GemmChoice, plain: GemmChoice): number {
  const other = tile[0] !== plain.tile[0] || tile[1] !== plain.tile[1];
  const blocks = [columnBlocks, depthSteps].filter((n) => n > 1).length + (rowBlocks > 1 ? 0.5 : 0);
  return (other ? 3 : 0) + (grid[2] > 1 ? 8 : 0) + blocks + (copyA === plain.copyA ? 0 : 2);
}

/**
 * The points that the model thinks best, best first: from the plain choice along one axis after the other, until no neighbour is better. A plainer
 * point wins over one whose gain is within the doubt.
 */
export function rankGemm(machine: MachineProfile, p: GemmProblem): readonly Predicted[] {
  const f = coreFigures(machine, p.isa, p.threads);
  const plain = plainChoice(p);
  const judged = new Map<string, Predicted & { readonly score: number }>();
  const judge = (choice: GemmChoice): Predicted & { readonly score: number } => {
    const key = JSON.stringify(choice);
    const known = judged.get(key);
    if (known !== undefined) return known;
    const point = pointOf(choice, p);
    const ns = predictGemm(f, p, point);
    const made = { choice, point, ns, score: ns * (1 + doubt * departures(choice, plain)) };
    judged.set(key, made);
    return made;
  };
  const starts = gemmAxes(p).grid.map((grid) => judge({ ...plain, grid }));
  let best = starts.reduce((a, b) => (b.score < a.score ? b : a), judge(plain));
  for (let better = true; better;) {
    better = false;
    for (const candidate of neighbours(best.choice, p).map(judge)) {
      if (candidate.score < best.score) {
        best = candidate;
        better = true;
      }
    }
  }
  const rest = [...judged.values()].filter((c) => c !== best).sort((a, b) => a.score - b.score);
  return [best, ...rest];
}
