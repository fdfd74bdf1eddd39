/** docs/kernels.md, from the registry and the table of measured errors. */
import { kernels, rankGemms, type Kernel } from "../../compiler-core/kernels/index.ts";
import { isaSets, type IsaName } from "../../compiler-core/machine.ts";
import type { DType } from "../../compiler-core/support/dtype.ts";
import type { UlpRow } from "./ulp-table.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");
const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => [
  `| ${head.join(" | ")} |`,
  `|${head.map(() => "---").join("|")}|`,
  ...rows.map((r) => `| ${r.map(cell).join(" | ")} |`),
];

const operandText = (k: Kernel): string =>
  Object.entries(k.operands)
    .map(([name, o]) => `${name}: ${o.dtype}${o.optional === true ? " (optional)" : ""}`)
    .join(", ");

const features = (k: Kernel): string => {
  const wanted = new Set((Object.keys(isaSets) as IsaName[]).flatMap((isa) => k.features(isa)));
  return [...wanted].join(", ");
};

const products: readonly (readonly [DType, DType])[] = [
  ["f32", "f32"],
  ["bf16", "bf16"],
  ["u8", "i8"],
  ["i8", "i8"],
  ["f16", "f16"],
  ["f32", "f16"],
  ["f32", "u4"],
  ["i8", "u4"],
];

/** The kernel that a product of 256 x 1024 x 1024 gets, and its estimated speed in f32 products. */
function choice(a: DType, b: DType, isa: IsaName): string {
  const [best] = rankGemms({ a, b, m: 256, n: 1024, k: 1024, isa, bConstant: true });
  return best === undefined || best.refused !== undefined ? "" : `${best.kernel.name} (${best.speed.toFixed(1)})`;
}

function ulpLines(rows: readonly UlpRow[]): readonly string[] {
  const range = (r: UlpRow): string => (r.from === "-inf" && r.to === "inf" ? "all" : `${r.from} to ${r.to}`);
  return [
    "## Errors of the vector functions",
    "",
    "Against double precision; NaNs and infinities are where the exact function has them. In units of the last place of the exact result, not below",
    "that of the smallest normal number; of the argument where a function cancels. The bound is asserted by every test run, for every instruction",
    "set, on fewer floats; `UPDATE=1 npm run test:long -- ulp` measures all 2^32 floats anew.",
    "",
    ...table(
      ["function", "arguments", "bound, ulp", "found, ulp", "at", "unit", "floats tried"],
      rows.map((r) => [
        r.name,
        range(r),
        r.bound.toFixed(1),
        r.worst.toFixed(3),
        r.at,
        r.unit,
        r.stride === 1 ? "all" : `one in ${r.stride}`,
      ]),
    ),
  ];
}

export function kernelsPage(ulp: readonly UlpRow[]): string {
  const isas = Object.keys(isaSets) as IsaName[];
  return [
    "# Microkernels",
    "",
    "Generated from the registry (`compiler-core/kernels`) by `UPDATE=1 npm test -- test/kernels/page`. A kernel's contract is the head of its header",
    "in `native/kernels`; its shares of the measured peaks are in docs/benchmarks.md. Hot loops are read in the disassembly",
    "(`test/kernels/no-spills.test.ts`); kernels on AMX tiles and AVX512_FP16 conversions are tested on emulated tiles and in the disassembly only,",
    "because no machine that has them was at hand.",
    "",
    "## Kernels",
    "",
    ...table(
      ["kernel", "operands", "why", "uses, where present"],
      kernels.map((k) => [k.name, operandText(k), k.why, features(k)]),
    ),
    "",
    "## Which kernel a product gets",
    "",
    "256 x 1024 x 1024, by element types and instruction set; in brackets the estimated speed, in f32 multiply-adds at their peak. Refusals and their",
    "reasons are part of the verdicts (`fusionscope explain`).",
    "",
    ...table(
      ["A x B", ...isas],
      products.map(([a, b]) => [`${a} x ${b}`, ...isas.map((isa) => choice(a, b, isa))]),
    ),
    "",
    ...ulpLines(ulp),
    "",
  ].join("\n");
}
