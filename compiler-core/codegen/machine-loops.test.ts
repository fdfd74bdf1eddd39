import assert from "node:assert/strict";
import { test } from "node:test";
import type { AsmInstruction } from "./asm-map.ts";
import { flopsOf, innermostLoops, isTile, isVectorWork } from "./machine-loops.ts";
import { formsInput, mcaInput, parseMca, parsePrices } from "./mca-report.ts";

const code = (symbol: string, from: number, texts: readonly string[]): AsmInstruction[] =>
  texts.map((text, i) => ({ address: from + i, text, symbol, chain: [], cppLine: undefined, exact: false }));

test("innermost loops are backward jumps that nothing lies between", () => {
  const all = [
    ...code("f", 0x10, ["mov eax,1", "vaddps zmm0,zmm0,zmm1", "jne    11 <f+0x1>", "dec ecx", "jne    10 <f>", "ret"]),
    ...code("g", 0x30, ["jmp    11 <f+0x1>", "je     33 <g+0x3>", "nop", "sub eax,1", "jae    32 <g+0x2>", "jb     32 <g+0x2>"]),
  ];
  assert.deepEqual(innermostLoops(all), [
    { first: 1, last: 2 },
    { first: 8, last: 11 },
  ]);
});

test("flops by width and kind", () => {
  const texts = [
    "vfmadd231ps zmm0,zmm1,ZMMWORD PTR [rax]",
    "vmulps ymm0,ymm1,ymm2",
    "vfmadd231ss xmm0,xmm1,xmm2",
    "vmovups zmm0,[rax]",
    "add rax,1",
  ];
  assert.equal(flopsOf(texts), 32 + 8 + 2);
  assert.deepEqual(["vpdpbusd zmm0,zmm1,zmm2", "vmovups zmm0,[rax]", "vmulss xmm0,xmm0,xmm1"].map(isVectorWork), [true, false, false]);
  assert.deepEqual(["tdpbusd tmm0,tmm1,tmm2", "test eax,eax", "tileloadd tmm0,[rax]"].map(isTile), [true, false, true]);
});

test("text for the analyser has labels instead of addresses", () => {
  const text = mcaInput([
    "vmovups 0x10(%rip),%zmm0        # 2000 <_fini+0x8>",
    "vfmadd231ps (%rax){1to16},%zmm1,%zmm0",
    "jne    1c45 <fs_run+0x10>",
  ]);
  assert.equal(text, ".Lloop:\nvmovups 0x10(%rip),%zmm0\nvfmadd231ps (%rax){1to16},%zmm1,%zmm0\njne .Lloop\n");
});

const answer = (cycles: number, uops: number, usage: readonly number[]): string =>
  JSON.stringify({
    CodeRegions: [
      {
        Instructions: ["a", "b"],
        ResourcePressureView: {
          ResourcePressureInfo: [
            { InstructionIndex: 0, ResourceIndex: 0, ResourceUsage: 99 },
            ...usage.map((u, i) => ({ InstructionIndex: 2, ResourceIndex: i, ResourceUsage: u })),
          ],
        },
        SummaryView: { DispatchWidth: 6, Iterations: 100, TotalCycles: cycles * 100, TotaluOps: uops * 100 },
      },
    ],
    TargetInfo: { Resources: ["ALU0", "FP0", "FP1"] },
  });

test("what limits a loop: a unit, the front end, or its own chain", () => {
  const units = parseMca(answer(4, 6, [1, 4, 3.95]));
  assert.deepEqual(units, {
    cycles: 4,
    bottleneck: "the units FP0, FP1: busy 100 % of the cycles",
    ports: [
      { name: "FP0", pressure: 4 },
      { name: "FP1", pressure: 3.95 },
      { name: "ALU0", pressure: 1 },
    ],
  });
  assert.match(parseMca(answer(4, 24, [1, 2, 2]))!.bottleneck, /front end: 6/);
  assert.match(parseMca(answer(8, 6, [1, 2, 2]))!.bottleneck, /chain of dependences: no unit is busy for more than 25 %/);
  assert.equal(parseMca("error: nothing"), undefined);
});

test("forms are regions of their own; prices are found by their names, units without the model's prefix", () => {
  const input = formsInput(["vaddps zmm0, zmm1, zmm2", "call .L", "movsx rdx, ebx"]);
  assert.match(
    input,
    /^\.intel_syntax noprefix\n\.L:\n# LLVM-MCA-BEGIN 0\nvaddps zmm0, zmm1, zmm2\n# LLVM-MCA-END 0\n# LLVM-MCA-BEGIN 2\nmovsxd rdx, ebx\n/,
  );
  const region = (name: string, latency: number, usage: readonly number[]): object => ({
    Name: name,
    InstructionInfoView: { InstructionList: [{ Latency: latency, NumMicroOpcodes: 1, RThroughput: 0.5 }] },
    ResourcePressureView: {
      ResourcePressureInfo: usage.flatMap((u, i) => [0, 1].map((at) => ({ InstructionIndex: at, ResourceIndex: i, ResourceUsage: u }))),
    },
  });
  const prices = (resources: readonly string[]): ReturnType<typeof parsePrices> =>
    parsePrices(
      JSON.stringify({ CodeRegions: [region("0", 3, [0.5, 0.5]), region("7", 8, [0, 0, 1])], TargetInfo: { Resources: resources } }),
    );
  const zen = prices(["Zn4FP2", "Zn4LSU.\0", "Zn4LSU.\u0001"]);
  assert.deepEqual(zen?.get(0), {
    latency: 3,
    throughput: 0.5,
    operations: 1,
    ports: [
      { name: "FP2", cycles: 0.5 },
      { name: "LSU.0", cycles: 0.5 },
    ],
  });
  assert.deepEqual(zen?.get(7)?.ports, [{ name: "LSU.1", cycles: 1 }]);
  assert.equal(zen?.has(1), false);
  assert.equal(prices(["SPRPort00", "SPRPort01", "SPRPortInvalid"])?.get(0)?.ports[1]?.name, "Port01");
  assert.equal(parsePrices("no answer"), undefined);
});
