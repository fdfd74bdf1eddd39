/** Experiment 8: what makes a native build fast? Run: see README.md beside this file. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { defaultOptions, type CppSource } from "#core";
import { buildCode, buildModule, compileModel, localMachine, openSessionModel } from "#core/io";
import { isKernelUnit } from "../../../compiler-core/codegen/kernel-units.ts";
import { ensureWorkload } from "../../workloads/write.ts";

const [name = "bert-base", threads = "2"] = process.argv.slice(2);
const cache = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-build-speed-"));

/** Processor seconds of child processes that have ended: fields 16 and 17 of stat(5), in hundredths. */
function childSeconds(): number {
  const fields = fs.readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** Each way with a text of its own, so that nothing but what it is meant to find is in the cache. */
async function timed(what: string, build: () => Promise<unknown>): Promise<void> {
  const [cpu, start] = [childSeconds(), performance.now()];
  await build();
  const wall = (performance.now() - start) / 1000;
  console.log(`| ${what} | ${(childSeconds() - cpu).toFixed(2)} | ${wall.toFixed(2)} |`);
}

const with_ = (source: CppSource, tail: string): CppSource => ({ ...source, text: `${source.text}// ${tail}\n` });

async function main(): Promise<void> {
  process.env["FUSIONSCOPE_CACHE"] = cache;
  const model = openSessionModel(ensureWorkload(name));
  const compiled = (n: number): CppSource => {
    const { source, error } = compileModel(model, { ...defaultOptions, threads: n }, localMachine());
    if (error !== undefined || source === undefined) throw error ?? new Error("no code");
    return source;
  };
  const source = compiled(Number(threads));
  const functions = source.functions ?? [];
  console.log(
    `${name}, ${source.plan.isa}, ${threads} threads: ${functions.length} functions, ${functions.filter(isKernelUnit).length} of them with microkernels`,
  );
  console.log(`load average ${os.loadavg()[0]?.toFixed(1)} on ${os.availableParallelism()} cores\n\n| | CPU s | wall s |\n|---|---:|---:|`);
  const { text, plan } = source;
  const alone = (parts: number) =>
    buildModule({ sources: [{ name: "model.cpp", text }], isa: plan.isa, assembly: true, parts, fresh: true });
  await timed("one translation unit, all headers read", () => alone(1));
  await timed("two translation units at once, all headers read", () => alone(2));
  await timed("first build of a machine", () => buildCode(source));
  await timed("... the same again (from the cache)", () => buildCode(source));
  await timed("second build: headers are precompiled, kernels compiled apart", () => buildCode(with_(source, "2")));
  await timed("from then on: the frame changed, all kernels known", () => buildCode(with_(source, "3")));
  const one = functions.find(isKernelUnit);
  const changed = functions.map((f) => (f === one ? { ...f, text: f.text.replace("(void)ctx", "(void)tid, (void)ctx") } : f));
  await timed("... one kernel changed", () => buildCode({ ...with_(source, "4"), functions: changed }));
  await timed(`... scheduled for ${Number(threads) + 1} threads`, () => buildCode(compiled(Number(threads) + 1)));
  const [a, b, c] = [1, 2, 3].map((i) => `#include "runtime/spmd.h"\n#include "simd/simd.hpp"\n#include "math/math.hpp"\nint f${i};\n`) as [
    string,
    string,
    string,
  ];
  const small = (words: string, fresh: boolean) =>
    buildModule({ sources: [{ name: "m.cpp", text: words }], isa: plan.isa, assembly: true, fresh });
  await timed("nothing but the headers, read", () => small(a, true));
  await timed("... precompiled", () => small(b, false));
  await timed("... precompiled", () => small(c, false));
  model.close();
}

try {
  await main();
} finally {
  fs.rmSync(cache, { recursive: true, force: true });
}
