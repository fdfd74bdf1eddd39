import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cpuFeatures,
  isaSets,
  missingFeatures,
  resolveIsa,
  widestIsa,
  type CpuFeature,
  type IsaName,
  type MachineProfile,
} from "./machine.ts";

const having = (features: readonly CpuFeature[]): MachineProfile => ({ name: "m", features, caches: { l1d: 0, l2: 0, l3: 0 }, cores: 1 });
const server: readonly CpuFeature[] = [...isaSets["avx512-fp16"]];

const cases: readonly { readonly name: string; readonly features: readonly CpuFeature[]; readonly widest: IsaName }[] = [
  { name: "nothing", features: [], widest: "scalar" },
  { name: "AVX2 without FMA", features: ["avx2", "f16c"], widest: "scalar" },
  { name: "a client processor with AVX-VNNI", features: ["avx2", "fma", "f16c", "avx_vnni"], widest: "avx2" },
  { name: "Ice Lake", features: isaSets["avx512-vnni"], widest: "avx512-vnni" },
  { name: "Zen 4", features: isaSets["avx512-bf16"], widest: "avx512-bf16" },
  { name: "Sapphire Rapids", features: [...server, "amx_tile", "amx_int8", "amx_bf16", "avx_vnni"], widest: "amx" },
  { name: "... whose tiles are hidden by a hypervisor", features: server, widest: "avx512-fp16" },
  { name: "... with tiles but without their int8 products", features: [...server, "amx_tile", "amx_bf16"], widest: "avx512-fp16" },
  { name: "FP16 without bf16: a set is whole or not there", features: [...isaSets.avx512, "avx512_fp16"], widest: "avx512" },
];

test("the widest declared set a machine has", () => {
  for (const { name, features, widest } of cases) {
    assert.equal(widestIsa(having(features)), widest, name);
    assert.equal(resolveIsa("auto", having(features)), widest, name);
    assert.deepEqual(missingFeatures(widest, having(features)), [], name);
  }
});

test("sets list features in the table's order, each once, and what they lack is named", () => {
  for (const [name, set] of Object.entries(isaSets))
    assert.deepEqual(
      set,
      cpuFeatures.filter((f) => (set as readonly string[]).includes(f)),
      name,
    );
  assert.deepEqual(missingFeatures("avx512-fp16", having(isaSets["avx512-bf16"])), ["avx512_fp16"]);
  assert.throws(() => resolveIsa("avx1024", having([])), /avx512-fp16, amx/);
});
