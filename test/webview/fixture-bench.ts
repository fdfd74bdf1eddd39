/** A measurement of the small network with everything a result can have; numbers of a quiet machine, samples drawn from a seed. */
import type { BenchResult, BenchRun, CounterValue, TemplateSpace } from "#protocol";
import { batch } from "./fixture-story.ts";
import { seeded } from "../extension/mock/random.ts";

const noCounters = "perf_event_open: no hardware counters in this virtual machine";
const missing = (why: string): CounterValue => ({ value: null, valid: false, why });

/** Runs around `ms`: most close above it, some in a second heap, few far away. */
function rounds(ms: number, seed: number): number[][] {
  const random = seeded(seed);
  const one = (): number => {
    const heap = random.chance(0.3) ? 1.05 : 1;
    const late = random.chance(0.02) ? 1.5 + random.whole(200) / 100 : 1;
    return Math.round(1e6 * ms * heap * late * (1 + (random.whole(1000) + random.whole(1000)) / 1e5));
  };
  return Array.from({ length: 20 }, () => Array.from({ length: 10 }, one));
}

export const benchResult: BenchResult = {
  isa: "avx512",
  threads: 2,
  precision: "f32",
  scope: "model",
  ours: { minMs: 0.497, medianMs: 0.512, p95Ms: 0.561, runs: 812, ci95: [0.509, 0.516] },
  baselines: {
    ort: { minMs: 0.731, medianMs: 0.764, p95Ms: 0.842, runs: 812, ci95: [0.757, 0.771], version: "1.30.0" },
    plain: { minMs: 1.31, medianMs: 1.36, p95Ms: 1.51, runs: 390, ci95: [1.35, 1.38], version: "21 passes off" },
  },
  speedup: { ort: { median: 1.49, ci95: [1.46, 1.52] }, plain: { median: 2.66, ci95: [2.6, 2.7] } },
  control: { median: 1.002, ci95: [0.991, 1.012] },
  flops: 137_363_456,
  gflops: 268.3,
  bytes: 3_400_000,
  peakGflops: 302,
  peakGBs: 21.4,
  counters: {
    cycles: missing(noCounters),
    instructions: missing(noCounters),
    "l2-misses": missing(noCounters),
    "uncore-bandwidth": missing("not allowed at paranoid level 4: run `sudo sysctl kernel.perf_event_paranoid=0`"),
    "task-clock ns": { value: 1_021_334, valid: true },
    "page-faults": { value: 0, valid: true },
    "context-switches": { value: 2, valid: true },
  },
  regions: [
    region(1, "g1_fc1", 612_000, 100e6, 1.2e6, [300_000, 312_000]),
    region(3, "g3_fc2", 205_000, 35e6, 0.9e6, [100_000, 105_000]),
    region(4, "g4_head", 31_000, 1.2e6, 0.09e6, [31_000, 0]),
    region(5, "g5_softmax", 22_000, 0.2e6, 0.05e6, [11_000, 11_000]),
    { group: 2, ns: 0 },
  ],
  samples: [
    { candidate: "ours", rounds: rounds(0.5, 1) },
    { candidate: "control", rounds: rounds(0.5, 2) },
    { candidate: "ort", rounds: rounds(0.74, 3) },
    { candidate: "plain", rounds: rounds(1.32, 4) },
  ],
  roofline: {
    ceilings: [
      { name: "f32 FMA", kind: "compute", value: 302, precision: "f32", threads: 2 },
      { name: "int8 VNNI", kind: "compute", value: 1200, precision: "int8", threads: 2 },
      { name: "L1", kind: "bandwidth", value: 620, threads: 2 },
      { name: "L2", kind: "bandwidth", value: 290, threads: 2 },
      { name: "L3", kind: "bandwidth", value: 70, threads: 2 },
      { name: "memory", kind: "bandwidth", value: 21.4, threads: 2 },
    ],
    points: [
      { label: "model", flops: 137_363_456, bytes: 3_400_000, ns: 512_000, bytesFrom: "static", bound: "f32 FMA", share: 0.89 },
      { label: "g1_fc1", group: 1, flops: 100e6, bytes: 1.2e6, ns: 312_000, bytesFrom: "static", bound: "f32 FMA", share: 0.99 },
      { label: "g3_fc2", group: 3, flops: 35e6, bytes: 0.9e6, ns: 105_000, bytesFrom: "static" },
      { label: "g4_head", group: 4, flops: 1.2e6, bytes: 0.09e6, ns: 31_000, bytesFrom: "static" },
      { label: "g5_softmax", group: 5, flops: 0.2e6, bytes: 0.05e6, ns: 11_000, bytesFrom: "static", bound: "L2", share: 0.3 },
    ],
  },
  machine: {
    cpu: "AMD EPYC 9R14",
    features: ["avx2", "avx512f"],
    caches: { l1d: 32768, l2: 1_048_576, l3: 33_554_432 },
    cores: 2,
    cpus: 2,
    smt: false,
    virtual: true,
    ghz: { before: 3.69, after: 3.68 },
    load: { before: 0.3, after: 1.9 },
    governor: null,
    system: "Linux 6.1",
    date: "2026-11-22T17:00:00Z",
    versions: { fusionscope: "0.1.0", compiler: "g++ 12.2", node: "20.20.2", ort: "1.30.0" },
  },
  warnings: [{ kind: "busy-machine", text: "Others kept 0.3 CPUs busy meanwhile." }],
  regionOverhead: { median: 1.012, ci95: [1, 1.02] },
  hotSpots: {
    samples: 2034,
    outside: 31,
    unmapped: 4,
    runs: 1800,
    seconds: 1,
    hz: 1000,
    clock: "cpu-clock",
    skid: "A sample lies on the instruction behind the one that took the time.",
    lines: [
      { line: 9, text: "  gemm_f32<14, 32>(a, b, c, 512, 512, 64);", samples: 1400, share: 0.7, group: 1, nodes: ["#0"] },
      { line: 22, text: "  y[i] = fs::gelu(x[i]);", samples: 300, share: 0.15, group: 1, nodes: ["#2", "#3"] },
    ],
    instructions: [
      { address: 4096, text: "vfmadd231ps zmm5, zmm1, [rax+64]{1to16}", symbol: "gemm", line: 9, exact: false, samples: 55, share: 0.03 },
    ],
  },
  missing: [{ baseline: "other", why: "it is not installed" }],
};

function region(
  group: number,
  name: string,
  ns: number,
  flops: number,
  bytes: number,
  busy: readonly number[],
): BenchResult["regions"][number] {
  const longest = Math.max(...busy);
  return { group, name, ns, flops, bytes, threads: busy.map((each) => ({ ns: each, waitNs: longest - each, calls: 1 })) };
}

const options: BenchRun["options"] = {
  isa: "avx512",
  threads: 2,
  precision: "f32",
  dims: { N: batch },
  without: [],
  force: [],
  forbid: [],
};

/** Runs of the days before, slower than `benchResult`, the first one without a pass. */
export const earlierRuns: readonly BenchRun[] = [1.9, 1.2].map((slower, i) => {
  const { minMs, medianMs, p95Ms, runs, ci95 } = benchResult.ours;
  const ours = {
    minMs: minMs * slower,
    medianMs: medianMs * slower,
    p95Ms: p95Ms * slower,
    runs,
    ci95: [ci95[0] * slower, ci95[1] * slower] as const,
  };
  const { samples: _, roofline: __, hotSpots: ___, ...rest } = benchResult;
  return {
    schema: 1,
    id: `run-${i}`,
    at: `2026-11-2${i}T09:00:00.000Z`,
    model: "mlp-gelu.onnx",
    scope: { kind: "model" },
    options: { ...options, without: i === 0 ? ["fuse"] : [] },
    command: "fusionscope bench /models/mlp-gelu.onnx --isa avx512 --threads 2 --dim N=128 --baseline ort --regions",
    result: { ...rest, ours, speedup: { ort: { median: 1.49 / slower, ci95: [1.46 / slower, 1.52 / slower] } } },
  };
});

/** What there is to choose for the first group. */
export const templateSpace: TemplateSpace = {
  group: 1,
  template: "matmul",
  axes: [
    { name: "grid", what: "threads across rows x columns", values: ["1 x 1", "1 x 2", "2 x 1"], chosen: 1 },
    { name: "tile", what: "register tile, rows x columns", values: ["14 x 32", "12 x 32", "8 x 48", "6 x 64"], chosen: 0 },
    { name: "rowBlocks", what: "blocks that a thread's rows are walked in", values: [1, 2, 3, 4], chosen: 0 },
    { name: "order", what: "the outer one of the loops over blocks", values: ["rows"], chosen: 0 },
  ],
};
