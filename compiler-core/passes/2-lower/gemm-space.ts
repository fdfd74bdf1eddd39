/**
 * The search space of a matrix product's parameters, as pure data: how threads divide it, which register tile computes it, in which blocks its
 * rows, columns and depth are walked. The cost model (gemm-cost.ts) picks a point of it; the tuner measures many.
 */
import { f32Lanes, type IsaName } from "../../machine.ts";
import { gemmFamilies, usualTile, type GemmKernel, type TileSize } from "./gemm-families.ts";

/** What the parameters depend on. */
export interface GemmProblem {
  readonly kernel: GemmKernel;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Products of this size, one after the other. */
  readonly batch: number;
  /** Threads that divide one product. */
  readonly threads: number;
  readonly isa: IsaName;
  /** `panels`: B is packed once; `rows`: it is read as it lies. */
  readonly b: "panels" | "rows";
  /** Columns of the panels that B has been packed into; absent: still free. */
  readonly panel?: number;
  /** Rows of A lie at a distance that puts them all into the same cache sets, and nobody will pad them. */
  readonly colliding?: boolean;
  /** A may be copied to rows of its own: it has rows. */
  readonly mayCopy?: boolean;
}

/** Parameters of the template. Rows and columns of a thread, of a block, of a register tile; `kc`: steps of k per pass. */
export interface GemmPoint {
  readonly rowsPerThread: number;
  readonly colsPerThread: number;
  readonly mr: number;
  readonly nr: number;
  readonly mc: number;
  readonly nc: number;
  readonly kc: number;
  /** The outer one of the two loops over blocks. */
  readonly order: "rows" | "columns";
  readonly copyA: 0 | 1;
  /** Threads across k, each with `kc` steps; their sums are added up afterwards. Absent: one. */
  readonly parts?: number;
}

/** A point as positions on the axes: counts instead of sizes, so that a neighbour on one axis keeps the meaning of the others. */
export interface GemmChoice {
  /** Threads across rows, columns and depth. */
  readonly grid: readonly [number, number, number];
  /** Rows and vectors of the register tile. */
  readonly tile: readonly [number, number];
  readonly rowBlocks: number;
  readonly columnBlocks: number;
  readonly depthSteps: number;
  readonly order: GemmPoint["order"];
  readonly copyA: 0 | 1;
}

/** All register tiles that a problem's kernel may be built with: rows and vectors. */
export const registerTiles = (p: Pick<GemmProblem, "isa" | "kernel">): readonly TileSize[] => gemmFamilies[p.kernel].tiles(p.isa);

const blockCounts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
/** Long extents also get blocks of so many tiles or panels. */
const blockTiles = [2, 4, 6, 8, 16, 32];
const depthCounts = [1, 2, 3, 4, 6, 8];
/** ... and passes of so many steps. */
const depthSizes = [512, 1024, 2048, 4096];
/** A pass over less would be all loads and stores of partial sums. */
const leastDepth = 32;
/** Steps of k that are worth a thread of their own, and what their number is a multiple of: a line of A. */
const [leastPart, partUnit] = [256, 16];
/** Vectors of products that a part has at least: what `schedule-parallel` asks of a thread. */
const leastWork = 15_000;
/** Rows of a tile that keep the multipliers busy: as long as every thread has such a tile, there is nothing to win by dividing the depth. */
const fullRows = 6;

const up = (x: number, unit: number): number => Math.ceil(x / unit) * unit;
/** `extent` in `count` about equal pieces that are multiples of `unit`, but for the last. */
const piece = (extent: number, count: number, unit: number): number => Math.min(extent, up(Math.ceil(extent / count), unit));

/** Few counts, and for long extents those that lead to usual sizes. */
const countsFor = (extent: number, few: readonly number[], sizes: readonly number[]): readonly number[] => {
  const most = few.at(-1) ?? 1;
  const more = sizes.map((size) => Math.ceil(extent / size)).filter((count) => count > most);
  return [...few, ...new Set(more.sort((a, b) => a - b))];
};

/** The parameters that a choice stands for. */
export function pointOf(c: GemmChoice, p: GemmProblem): GemmPoint {
  const [mr, nv] = c.tile;
  const nr = nv * f32Lanes(p.isa);
  const rowsPerThread = c.grid[0] === 1 ? p.m : piece(p.m, c.grid[0], p.m / c.grid[0] >= 2 * mr ? mr : 1);
  const colsPerThread = c.grid[1] === 1 ? p.n : piece(p.n, c.grid[1], nr);
  const mc = piece(rowsPerThread, c.rowBlocks, mr);
  const nc = piece(colsPerThread, c.columnBlocks, nr);
  const parts = c.grid[2];
  const kc = parts > 1 ? piece(p.k, parts, partUnit) : Math.max(1, Math.ceil(p.k / c.depthSteps));
  // With one block of either there is only one order.
  const order = mc < rowsPerThread && nc < colsPerThread ? c.order : "rows";
  const point = { rowsPerThread, colsPerThread, mr, nr, mc, nc, kc, order };
  const split = Math.ceil(p.k / kc);
  return parts > 1 && split > 1 ? { ...point, copyA: 0, parts: split } : { ...point, copyA: c.copyA };
}

/** Grids of at most so many threads. Only a long depth is divided, only of one product, and only where rows and columns do not fill the threads. */
function gridsOf({ m, n, threads, k, batch, kernel, isa }: GemmProblem): readonly (readonly [number, number, number])[] {
  const worth = Math.min(k / leastPart, (m * Math.ceil(n / f32Lanes(isa)) * k) / leastWork);
  const tiles = Math.ceil(m / fullRows) * Math.ceil(n / usualTile(kernel, isa).nr);
  const most = batch === 1 && tiles < threads && gemmFamilies[kernel].divides ? Math.max(1, Math.floor(worth)) : 1;
  const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
  return upTo(threads).flatMap((ms) =>
    upTo(Math.floor(threads / ms)).flatMap((ns) => upTo(Math.min(most, Math.floor(threads / ms / ns))).map((ks) => [ms, ns, ks] as const)),
  );
}

/** The values on every axis. */
export function gemmAxes(p: GemmProblem): { readonly [A in keyof GemmChoice]: readonly GemmChoice[A][] } {
  const lanes = f32Lanes(p.isa);
  const usual = usualTile(p.kernel, p.isa);
  const { divides } = gemmFamilies[p.kernel];
  const fitting = registerTiles(p).filter(([, nv]) => p.panel === undefined || nv * lanes === p.panel);
  // Rows of a tile beyond those of the matrix mean nothing: of such tiles the lowest stands for all.
  const lowest = (nv: number): number =>
    Math.min(...fitting.filter(([mr, v]) => v === nv && mr >= p.m).map(([mr]) => mr), Number.MAX_SAFE_INTEGER);
  const useful = fitting.filter(([mr, nv]) => mr < p.m || mr === lowest(nv));
  const width = p.panel ?? usual.nr;
  const tile = useful.length > 0 ? useful : [[usual.mr, Math.max(1, Math.round(width / lanes))] as const];
  return {
    grid: gridsOf(p).filter(([ms, ns]) => ms <= p.m && ns <= Math.max(1, Math.ceil(p.n / lanes))),
    tile,
    rowBlocks: countsFor(
      p.m,
      blockCounts,
      blockTiles.map((t) => t * usual.mr),
    ),
    columnBlocks: countsFor(
      p.n,
      blockCounts,
      blockTiles.map((t) => t * usual.nr),
    ),
    depthSteps: divides ? countsFor(p.k, depthCounts, depthSizes).filter((steps) => steps === 1 || p.k / steps >= leastDepth) : [1],
    order: ["rows", "columns"],
    copyA: divides && p.mayCopy === true ? [0, 1] : [0],
  };
}

/** The plainest choice: one thread's share as one block of usual tiles. */
export function plainChoice(p: GemmProblem): GemmChoice {
  const usual = usualTile(p.kernel, p.isa);
  const { tile } = gemmAxes(p);
  const same = tile.find(([mr, nv]) => mr === usual.mr && nv === usual.nv) ?? tile.find(([, nv]) => nv === usual.nv) ?? tile[0];
  return {
    grid: [1, 1, 1],
    tile: same ?? [usual.mr, usual.nv],
    rowBlocks: 1,
    columnBlocks: 1,
    depthSteps: 1,
    order: "rows",
    copyA: p.mayCopy === true && p.colliding === true && p.m >= 8 && p.n >= 64 ? 1 : 0,
  };
}

/** Identity of a point. */
export const pointKey = (point: GemmPoint): string => Object.values(point).join(" ");

/** Choices that differ on one axis, at different points. */
export function neighbours(c: GemmChoice, p: GemmProblem): readonly GemmChoice[] {
  const axes = gemmAxes(p);
  const seen = new Set([pointKey(pointOf(c, p))]);
  const all = (Object.keys(axes) as (keyof GemmChoice)[]).flatMap((axis) => axes[axis].map((v): GemmChoice => ({ ...c, [axis]: v })));
  return all.filter((other) => {
    const key = pointKey(pointOf(other, p));
    return !seen.has(key) && seen.add(key);
  });
}

/** Every distinct point, with a choice that leads to it. */
export function gemmCandidates(p: GemmProblem): readonly { readonly choice: GemmChoice; readonly point: GemmPoint }[] {
  const axes = gemmAxes(p);
  const found = new Map<string, { choice: GemmChoice; point: GemmPoint }>();
  for (const grid of axes.grid)
    for (const tile of axes.tile)
      for (const rowBlocks of axes.rowBlocks)
        for (const columnBlocks of axes.columnBlocks)
          for (const depthSteps of axes.depthSteps)
            for (const order of axes.order)
              for (const copyA of axes.copyA) {
                const choice = { grid, tile, rowBlocks, columnBlocks, depthSteps, order, copyA };
                const point = pointOf(choice, p);
                const key = pointKey(point);
                if (!found.has(key)) found.set(key, { choice, point });
              }
  return [...found.values()];
}

/** How the problem is named in tuned entries. */
export const gemmProblemKey = ({ kernel, m, n, k, batch, threads, isa, b }: Omit<GemmProblem, "panel">): string =>
  `${kernel} m=${m} n=${n} k=${k} batch=${batch} b=${b} isa=${isa} threads=${threads}`;

/** Why parameters cannot be used for a problem; undefined: they can. Entries may come from a file. */
export function pointProblem(point: Readonly<Record<string, number | string>>, p: GemmProblem): string | undefined {
  const { order, parts, ...sizes } = point;
  const names = ["rowsPerThread", "colsPerThread", "mr", "nr", "mc", "nc", "kc", "copyA"] as const;
  const bad = names.find((name) => !Number.isSafeInteger(sizes[name]) || Number(sizes[name]) < (name === "copyA" ? 0 : 1));
  if (bad !== undefined) return `${bad} is not a size`;
  const size = (name: (typeof names)[number]): number => Number(sizes[name]);
  const lanes = f32Lanes(p.isa);
  if (order !== "rows" && order !== "columns") return "order is neither rows nor columns";
  if (!registerTiles(p).some(([mr, nv]) => mr === size("mr") && nv * lanes === size("nr")))
    return `there is no register tile of ${size("mr")} x ${size("nr")} for ${p.isa}`;
  if (p.panel !== undefined && size("nr") !== p.panel) return `B is packed to panels of ${p.panel} columns, not ${size("nr")}`;
  if (size("rowsPerThread") > p.m || size("colsPerThread") > p.n || size("kc") > p.k) return "it was made for greater extents";
  if (size("mc") < size("rowsPerThread") && size("mc") % size("mr") !== 0) return "blocks of rows are no whole tiles";
  if (size("colsPerThread") < p.n && size("colsPerThread") % size("nr") !== 0) return "columns of a thread are no whole panels";
  if (size("nc") < size("colsPerThread") && size("nc") % size("nr") !== 0) return "blocks of columns are no whole panels";
  if (parts !== undefined && (parts !== Math.ceil(p.k / size("kc")) || p.batch !== 1)) return "its parts of k are not those of its steps";
  if (parts !== undefined && size("copyA") === 1) return "A is not copied where k is divided";
  if (!gemmFamilies[p.kernel].divides && size("kc") < p.k) return "its sums cannot be handed on";
  if (size("copyA") > 1) return "copyA is neither 0 nor 1";
  if (size("copyA") === 1 && p.mayCopy !== true) return "A has no rows that could be copied";
  return undefined;
}
