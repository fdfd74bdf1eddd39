import assert from "node:assert/strict";
import { test } from "node:test";
import type { MachineProfile } from "./machine.ts";
import type { BenchResult } from "./protocol/bench.ts";
import { measuredCeilings, precisionOf, profileCeilings, roofline } from "./roofline.ts";

const machine: MachineProfile = {
  name: "m",
  features: [],
  caches: { l1d: 32768, l2: 2 ** 20, l3: 2 ** 25 },
  cores: 4,
  sharedBy: { l1d: 1, l2: 1, l3: 4 },
  peaks: { f32GflopsPerCore: 100, f32Avx2GflopsPerCore: 98, vnniGopsPerCore: 400 },
  bandwidths: { l1d: { core: 200 }, l2: { core: 100, all: 350 }, memory: { core: 20, all: 40 } },
};
const counters = {};
const time = { minMs: 1, medianMs: 1, p95Ms: 1, runs: 10, ci95: [1, 1] as const };
const base: BenchResult = {
  ...{
    isa: "avx512",
    threads: 1,
    precision: "f32",
    scope: "model",
    ours: time,
    baselines: {},
    speedup: {},
    control: { median: 1, ci95: [1, 1] },
  },
  ...{ flops: 5e7, gflops: 50, bytes: 1e5, peakGflops: 100, peakGBs: 20, counters, regions: [] },
};

test("ceilings of a profile grow with the threads, up to what all cores share", () => {
  const value = (threads: number, name: string): number | undefined =>
    profileCeilings(machine, threads).find((c) => c.name === name)?.value;
  assert.deepEqual(
    [1, 2, 4, 9].map((t) => value(t, "f32 FMA")),
    [100, 200, 400, 400],
  );
  assert.deepEqual(
    [1, 2, 4].map((t) => value(t, "memory")),
    [20, 40, 40],
  );
  assert.equal(value(4, "L2"), 350);
  assert.equal(value(1, "L3"), undefined, "what was not measured is no ceiling");
  assert.equal(value(1, "f32 FMA, 256-bit"), undefined, "as fast as the wide one");
});

test("measured ceilings leave out what is not valid", () => {
  const figure = { valid: true, gops: 120, ghz: 3, opsPerCycle: 40 } as const;
  const found = measuredCeilings({ threads: 2, fmaF32: figure, amxInt8: { valid: false, why: "no" }, copyGBs: 1, read: [] }, { l1d: 400 });
  assert.deepEqual(found, [
    { name: "f32 FMA", kind: "compute", value: 120, precision: "f32", threads: 2 },
    { name: "L1d", kind: "bandwidth", value: 400, threads: 2 },
  ]);
});

test("the lower roof bounds a point, and its share is the time it would need there", () => {
  const found = profileCeilings(machine, 1);
  const [model] = roofline(base, machine, found).points;
  // 50 Mflop at 100 Gflop/s: half of the millisecond; 100 kB from L2 at 100 GB/s: a thousandth.
  assert.deepEqual([model!.bound, model!.share, model!.bytesFrom], ["f32 FMA", 0.5, "static"]);
  const [wide] = roofline({ ...base, flops: 1e6, bytes: 1e7 }, machine, found).points;
  // 10 MB fit into L3, which has no figure here: memory bounds them.
  assert.deepEqual([wide!.bound, wide!.share], ["memory", 0.5]);
  const [cold] = roofline({ ...base, flops: 1, bytes: 2e4, cache: "cold" }, machine, found).points;
  assert.equal(cold!.bound, "memory");
  const [warm] = roofline({ ...base, flops: 1, bytes: 2e4 }, machine, found).points;
  assert.equal(warm!.bound, "L1d");
});

test("groups take as long as their slowest thread; without work or time there is no point", () => {
  const threads = [3e5, 4e5].map((ns) => ({ ns, waitNs: 0, calls: 1 }));
  const regions = [
    { group: 0, ns: 7e5, name: "product", kernels: ["gemm_u8s8"], threads, flops: 8e7, bytes: 1e5 },
    { group: 1, ns: 0, flops: 1, bytes: 1 },
    { group: 2, ns: 5 },
  ];
  const { points } = roofline({ ...base, threads: 2, regions }, machine, profileCeilings(machine, 2));
  assert.equal(points.length, 2);
  assert.deepEqual(points[1], {
    label: "product",
    group: 0,
    ns: 4e5,
    flops: 8e7,
    bytes: 1e5,
    bytesFrom: "static",
    bound: "int8 dot products",
    share: 0.25,
  });
});

test("counted bytes are a point of their own, under the roof of memory", () => {
  const valid = (value: number) => ({ value, valid: true });
  const counted = { ...base, counters: { "memory-read-bytes": valid(1e7), "memory-write-bytes": valid(0), "fp-flops": valid(4e7) } };
  const point = roofline(counted, machine, profileCeilings(machine, 1)).points[1];
  assert.deepEqual([point?.bytesFrom, point?.bytes, point?.flops, point?.bound, point?.share], ["counted", 1e7, 4e7, "memory", 0.5]);
});

test("precision is that of the kernels", () => {
  assert.deepEqual(
    [["gemm_u8s8"], ["gemm_bf16"], ["gemm_f16"], ["gemm_f32"], [], undefined].map((k) => precisionOf(k, "bf16")),
    ["int8", "bf16", "f16", "f32", "bf16", "bf16"],
  );
});
