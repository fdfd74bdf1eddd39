/** A whole module as one C++17 file: constants that describe it, `fs_init` and `fs_run`. */
import type { Graph } from "../graph/ir.ts";
import { kernelOf } from "../kernels/index.ts";
import type { CpuFeature, IsaName } from "../machine.ts";
import { f32Lanes, isaSets } from "../machine.ts";
import type { Buffer, Func, HoleCall, Module, Stmt } from "../tensor/ir.ts";
import { visitOwnExprs, visitStmts } from "../tensor/rewrite.ts";
import type { RegionText } from "./kernel-units.ts";
import { commentText, stringLiteral } from "./names.ts";
import { readableNames } from "./naming.ts";
import { bytesOf, RegionFunctions } from "./regions.ts";
import { SourceText } from "./source-text.ts";
import { moduleFacts, StatementWriter } from "./statements.ts";

const featureBits: Readonly<Partial<Record<CpuFeature, string>>> = {
  avx2: "FS_ISA_AVX2",
  avx512f: "FS_ISA_AVX512",
  avx512_vnni: "FS_ISA_VNNI",
  avx512_bf16: "FS_ISA_BF16",
  avx512_fp16: "FS_ISA_FP16",
  amx_tile: "FS_ISA_AMX_TILE",
  amx_int8: "FS_ISA_AMX_INT8",
  amx_bf16: "FS_ISA_AMX_BF16",
};

export const bySlot = (module: Module, scope: Buffer["scope"]): readonly Buffer[] =>
  module.buffers.filter((b) => b.scope === scope).sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0));

/** Regions of both functions, in order of first appearance. */
export function regionsOf(module: Module): readonly { readonly id: number; readonly name: string }[] {
  const seen = new Map<number, string>();
  for (const f of [module.init, module.run]) visitStmts(f.body, (s) => s.k === "region" && !seen.has(s.group) && seen.set(s.group, s.name));
  return [...seen].map(([id, name]) => ({ id, name }));
}

/** The calls of the host, in order. */
export function holesOf(module: Module): readonly HoleCall[] {
  const holes: HoleCall[] = [];
  visitStmts(module.run.body, (s) => s.k === "hole" && holes.push(s));
  return holes;
}

/** Which graph nodes and ONNX nodes a group computes, as comment lines. */
function groupComments(graph: Graph | undefined, names: ReadonlyMap<number, string>): (group: number) => readonly string[] {
  const groups = new Map(graph?.groups.map((g) => [g.id, g]));
  const places = new Map(graph?.nodes.map((n, place) => [n.id, place]));
  return (id) => {
    const head = `// group ${id}: ${commentText(names.get(id) ?? "")}`;
    const group = groups.get(id);
    if (graph === undefined || group === undefined) return [head];
    const inOrder = group.members.flatMap((m) => places.get(m.node) ?? []).sort((a, b) => a - b);
    const members = inOrder.flatMap((place) => graph.nodes[place] ?? []);
    return [head, ...members.map((n) => `//   node ${n.id} ${n.op} <- ${n.origin.map((o) => sourceText(graph, o)).join(", ")}`)];
  };
}

function sourceText(graph: Graph, index: number): string {
  const source = graph.sources[index];
  return source === undefined
    ? `#${index}`
    : commentText(`${source.path} ${source.opType}${source.name === "" ? "" : ` ${JSON.stringify(source.name)}`}`, 60);
}

function headers(module: Module): readonly string[] {
  const wanted = new Set<string>();
  for (const f of [module.init, module.run]) {
    visitStmts(f.body, (s) => {
      if (s.k === "kernel") for (const h of kernelOf(s.kernel).headers) wanted.add(h);
    });
  }
  return ["runtime/spmd.h", "simd/simd.hpp", "simd/values.hpp", "math/math.hpp", ...[...wanted].sort()];
}

/** The buffers a function mentions. */
function mentioned(body: readonly Stmt[]): ReadonlySet<number> {
  const ids = new Set<number>();
  visitStmts(body, (s) => {
    if (s.k === "store" || s.k === "alloc") ids.add(s.buffer);
    if (s.k === "kernel") for (const r of Object.values(s.refs)) ids.add(r.buffer);
    if (s.k === "hole") for (const o of [...s.inputs, ...s.outputs]) ids.add(o.buffer);
    visitOwnExprs(s, (e) => {
      if (e.k === "load") ids.add(e.buffer);
    });
  });
  return ids;
}

function writeFunction(out: SourceText, writer: StatementWriter, module: Module, func: Func): void {
  const used = mentioned(func.body);
  out.line("");
  out.block(`FS_EXPORT void fs_${func.name}(fs_context* ctx, int tid, int threads) {`, () => {
    out.line("(void)ctx, (void)tid, (void)threads;");
    for (const b of module.buffers) {
      if (used.has(b.id) && !["arena", "thread", "host"].includes(b.scope)) writer.pointer(b, func.name === "init");
    }
    writer.teamBody(func.body);
  });
}

function sizeTable(out: SourceText, name: string, buffers: readonly Buffer[]): string {
  if (buffers.length === 0) return "nullptr";
  out.line(`const uint64_t ${name}[] = {${buffers.map(bytesOf).join(", ")}};`);
  return name;
}

function writeInfo(out: SourceText, module: Module, isa: IsaName): void {
  const regions = regionsOf(module);
  out.line("namespace {");
  const [inputs, outputs, weights] = (["input", "output", "weight"] as const).map((s) => bySlot(module, s)) as [
    Buffer[],
    Buffer[],
    Buffer[],
  ];
  const tables = [sizeTable(out, "input_bytes", inputs), sizeTable(out, "output_bytes", outputs), sizeTable(out, "weight_bytes", weights)];
  out.line("}  // namespace");
  out.line("");
  const bits = isaSets[isa].map((f: CpuFeature) => featureBits[f]).filter((b) => b !== undefined);
  const memory = module.memory ?? { arena: 0, packed: 0, scratch: 0 };
  out.block(
    "FS_EXPORT const fs_module fs_module_info = {",
    () => {
      out.line(
        `FS_ABI_VERSION, ${module.threads}, ${stringLiteral(commentText(module.name))}, ${bits.length === 0 ? "0" : bits.join(" | ")},`,
      );
      out.line(`${inputs.length}, ${outputs.length}, ${weights.length}, ${regions.reduce((n, r) => Math.max(n, r.id + 1), 0)},`);
      out.line(`${memory.arena}, ${memory.packed}, ${memory.scratch},`);
      const holes = holesOf(module).length;
      out.line(`${tables.join(", ")},${holes === 0 ? "" : ` ${holes},`}`);
    },
    "};",
  );
}

/** The C++ file of a module and the statement behind each line. */
export function moduleText(
  module: Module,
  isa: IsaName,
  graph: Graph | undefined,
): { readonly out: SourceText; readonly functions: readonly RegionText[] } {
  const out = new SourceText();
  const names = new Map(regionsOf(module).map((r) => [r.id, r.name]));
  const facts = moduleFacts(module, f32Lanes(isa), groupComments(graph, names));
  const functions = new RegionFunctions(facts);
  const writer = new StatementWriter(facts, out, readableNames, (region) => functions.callOf(region));
  out.line(
    `// ${commentText(module.name)}: generated by Fusionscope for ${isa}, ${module.threads} thread${module.threads === 1 ? "" : "s"}.`,
  );
  out.line(
    "// Build with -std=c++17 -O3 -fPIC -shared -ffp-contract=off -fno-strict-aliasing and the flags of the instruction set; include path: native/.",
  );
  if (isa === "scalar") out.line("#define FS_FORCE_SCALAR 1");
  for (const h of headers(module)) out.line(`#include "${h}"`);
  out.line("");
  out.line(`static_assert(fs::f32_lanes == ${f32Lanes(isa)}, "compiled for another instruction set than it was generated for");`);
  out.line("");
  writeInfo(out, module, isa);
  functions.write(out);
  writeFunction(out, writer, module, module.init);
  writeFunction(out, writer, module, module.run);
  return { out, functions: functions.texts };
}
