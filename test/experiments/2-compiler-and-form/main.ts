/**
 * Experiment 2: which compiler, and in which form should kernels be written? Builds the benches of the f32, int8 and bf16 GEMMs with g++ and clang++,
 * with intrinsics and with single instructions as assembly, and an f32 tile whose whole loop is emitted assembly; prints for each the share of
 * the peak (measured beside it, in turns), spills in the hot loops, and the build time. Needs AVX-512 with VNNI and BF16.
 * Run: see README.md beside this file.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { compileFlags, detectMachine, packageRoot, probeCompiler, RunnerClient, type Toolchain } from "#core/io";
import { missingFeatures } from "#core";
import { hotLoops } from "../../kernels/hot-loops.ts";

interface Variant {
  readonly kernel: string;
  readonly form: string;
  readonly source: string;
  readonly flags: readonly string[];
}

const variants: readonly Variant[] = [
  { kernel: "f32", form: "C++ with intrinsics", source: "native/kernels/gemm_f32/gemm_f32_bench.cpp", flags: [] },
  { kernel: "f32", form: "emitted assembly loop", source: "test/experiments/2-compiler-and-form/inline_asm.cpp", flags: [] },
  { kernel: "int8", form: "C++ with intrinsics", source: "native/kernels/gemm_u8s8/gemm_u8s8_bench.cpp", flags: ["-DFS_DOT_INTRINSICS"] },
  { kernel: "int8", form: "C++, vpdpbusd as assembly", source: "native/kernels/gemm_u8s8/gemm_u8s8_bench.cpp", flags: [] },
  { kernel: "bf16", form: "C++ with intrinsics", source: "native/kernels/gemm_bf16/gemm_bf16_bench.cpp", flags: ["-DFS_DOT_INTRINSICS"] },
  { kernel: "bf16", form: "C++, vdpbf16ps as assembly", source: "native/kernels/gemm_bf16/gemm_bf16_bench.cpp", flags: [] },
];

interface Figure {
  readonly name: string;
  readonly fraction?: number;
}

/** The share of the peak of the first figure whose name holds `part`, best first. */
function share(figures: readonly Figure[], part: string): string {
  const best = Math.max(...figures.filter((f) => f.name.includes(part)).map((f) => f.fraction ?? 0));
  return best > 0 ? `${(best * 100).toFixed(1)} %` : "-";
}

function measure({ kernel, form, source, flags }: Variant, toolchain: Toolchain, folder: string): string {
  const program = path.join(folder, "bench");
  const root = packageRoot();
  const args = [
    ...compileFlags("avx512-bf16", toolchain),
    ...flags,
    `-I${path.join(root, "native")}`,
    "-pthread",
    path.join(root, source),
    "-o",
    program,
  ];
  const started = performance.now();
  execFileSync(toolchain.command, args, { stdio: ["ignore", "ignore", "inherit"] });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const loops = hotLoops(execFileSync("objdump", ["-d", "--no-show-raw-insn", program], { encoding: "utf8", maxBuffer: 2 ** 28 }));
  const full = loops.filter((l) => l.multiplyAdds >= 28);
  const figures = execFileSync(program, { encoding: "utf8" })
    .split("\n")
    .filter((l) => l.startsWith("{"))
    .map((l) => JSON.parse(l) as Figure);
  const spilled = full.filter((l) => l.spills.length > 0).length;
  return `| ${kernel} | ${form} | ${toolchain.kind} ${toolchain.version} | ${share(figures, " L2")} | ${share(figures, "1024^3")} | ${spilled} of ${full.length} | ${seconds} s |`;
}

async function main(): Promise<void> {
  const missing = missingFeatures("avx512-bf16", detectMachine().profile);
  if (missing.length > 0) return console.log(`this machine lacks ${missing.join(", ")}`);
  const runner = await RunnerClient.start();
  const peaks = await runner.request("peaks", { threads: 1, seconds: 0.5 });
  const { cpu } = await runner.hello();
  await runner.close();
  console.log(`${cpu.model}, load ${os.loadavg()[0]?.toFixed(1)}; a dependent-add chain runs at ${peaks.ghz?.toFixed(2)} GHz`);
  for (const [name, figure] of Object.entries({
    "f32 FMA": peaks.fmaF32,
    "int8 VNNI": peaks.vnniInt8,
    bf16: peaks.bf16,
    "bf16 tiles": peaks.amxBf16,
    "int8 tiles": peaks.amxInt8,
  })) {
    console.log(
      `  ${name}: ${figure?.valid === true ? `${figure.gops.toFixed(1)} Gop/s = ${figure.opsPerCycle.toFixed(1)} per cycle` : `not measured: ${figure?.why ?? "unknown"}`}`,
    );
  }
  console.log(
    "\n| kernel | form | compiler | operands in L2 | 1024^3 | full tiles with spills | build |\n|---|---|---|---:|---:|---:|---:|",
  );
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-experiment-"));
  for (const variant of variants) {
    for (const command of ["g++", "clang++-19"]) {
      const toolchain = await probeCompiler(command);
      console.log(
        "command" in toolchain
          ? measure(variant, toolchain, folder)
          : `| ${variant.kernel} | ${variant.form} | ${command}: ${toolchain.why} |`,
      );
    }
  }
  fs.rmSync(folder, { recursive: true });
}

await main();
