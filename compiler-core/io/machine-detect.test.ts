import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { asUserError } from "../messages.ts";
import { detectMachine, parseCpuList } from "./machine-detect.ts";
import { readMachineProfile } from "./machine-profile.ts";

/** A system with two cores of two threads each. */
function fakeSystem() {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-machine-"));
  const cpuinfo = path.join(root, "cpuinfo");
  fs.writeFileSync(
    cpuinfo,
    "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Test CPU: fast\nflags\t\t: fpu avx2 fma avx512f hypervisor\n\nprocessor\t: 1\nmodel name\t: other\n",
  );
  const cpus = path.join(root, "cpu");
  const write = (name: string, text: string): void => {
    fs.mkdirSync(path.dirname(path.join(cpus, name)), { recursive: true });
    fs.writeFileSync(path.join(cpus, name), text + "\n");
  };
  for (const cpu of [0, 1, 2, 3]) write(`cpu${cpu}/topology/thread_siblings_list`, cpu % 2 === 0 ? "0,2" : "1,3");
  const caches = [
    ["1", "Data", "48K"],
    ["1", "Instruction", "32K"],
    ["2", "Unified", "2048K"],
    ["3", "Unified", "30M"],
  ] as const;
  caches.forEach(([level, type, size], i) =>
    Object.entries({ level, type, size }).forEach(([key, value]) => write(`cpu0/cache/index${i}/${key}`, value)),
  );
  write("cpu0/cache/index0/coherency_line_size", "64");
  write("cpu0/cache/index0/shared_cpu_list", "0,2");
  write("cpu0/cache/index3/shared_cpu_list", "0-3");
  fs.mkdirSync(path.join(root, "node/node0"), { recursive: true });
  return { cpuinfo, cpus };
}

test("features, data caches, cores and siblings are read from the system", () => {
  const { profile, siblings, virtual, identity } = detectMachine(fakeSystem());
  assert.deepEqual(identity, { vendor: "GenuineIntel", family: 6, model: 143 });
  assert.deepEqual(profile, {
    name: "Test CPU: fast",
    features: ["avx2", "fma", "avx512f"],
    caches: { l1d: 49152, l2: 2097152, l3: 30 * 2 ** 20 },
    cores: 2,
    threadsPerCore: 2,
    lineBytes: 64,
    sharedBy: { l1d: 1, l3: 2 },
    numaNodes: 1,
  });
  assert.deepEqual(siblings, [
    [0, 2],
    [1, 3],
  ]);
  assert.equal(virtual, true);
});

test("an unknown system gives a profile without features, not an error", () => {
  const { profile, siblings } = detectMachine({ cpuinfo: "/nowhere/cpuinfo", cpus: "/nowhere/cpu" });
  assert.deepEqual([profile.features, profile.caches, siblings], [[], { l1d: 0, l2: 0, l3: 0 }, undefined]);
});

test("lists of CPUs", () => {
  assert.deepEqual(parseCpuList("0-2,8"), [0, 1, 2, 8]);
  assert.deepEqual(parseCpuList(""), [0]);
  assert.deepEqual(parseCpuList("x"), []);
});

const good = {
  name: "m",
  features: ["fma", "avx2"],
  caches: { l1d: 1, l2: 2, l3: 3 },
  cores: 2,
  threadsPerCore: 2,
  lineBytes: 64,
  sharedBy: { l3: 2 },
  numaNodes: 1,
  peaks: { ghz: 3.5 },
  bandwidths: { l1d: { core: 200, all: 400 }, memory: { core: 12 } },
  teamCosts: [{ threads: 2, barrierNs: 150, launchNs: 900 }],
  sources: { "peaks.ghz": "measured" },
};
const bad: readonly (readonly [string, unknown, RegExp])[] = [
  ["no object", [], /not an object/],
  ["an unknown member", { ...good, color: 1 }, /unknown member "color"/],
  ["no cores", { ...good, cores: 0 }, /cores/],
  ["caches of text", { ...good, caches: { ...good.caches, l2: "2M" } }, /caches\.l2/],
  ["an unknown peak", { ...good, peaks: { warp: 9 } }, /"warp" is not known/],
  ["a peak of nothing", { ...good, peaks: { ghz: 0 } }, /peaks\.ghz/],
  ["a bandwidth without cores", { ...good, bandwidths: { l2: { all: 9 } } }, /bandwidths\.l2\.core/],
  ["a level that does not exist", { ...good, bandwidths: { l4: { core: 9 } } }, /unknown member "l4"/],
  ["costs of no team", { ...good, teamCosts: [{ threads: 0, barrierNs: 1, launchNs: 1 }] }, /teamCosts\[0\]\.threads/],
  ["half a core per cache", { ...good, sharedBy: { l3: 0.5 } }, /sharedBy\.l3/],
  ["a source that is a number", { ...good, sources: { caches: 1 } }, /sources\.caches/],
];

test("a profile is read back as data says, features in the order of the table", () => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-profile-")), "m.json");
  fs.writeFileSync(file, JSON.stringify(good));
  assert.deepEqual(readMachineProfile(file), { ...good, features: ["avx2", "fma"] });
  for (const [name, data, expected] of bad) {
    fs.writeFileSync(file, JSON.stringify(data));
    assert.throws(
      () => readMachineProfile(file),
      (e) => asUserError(e).code === "machine-profile" && expected.test(asUserError(e).message),
      name,
    );
  }
  fs.writeFileSync(file, "{");
  assert.throws(
    () => readMachineProfile(file),
    (e) => /not JSON/.test(asUserError(e).message),
  );
});
