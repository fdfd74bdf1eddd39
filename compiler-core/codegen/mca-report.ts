import type { InstructionPrice } from "../protocol/instruction-notes.ts";

/** Input for llvm-mca from a disassembly in AT&T syntax, or from forms of instructions; and what its JSON answer says. Pure. */

/** The loop's body as assembler text. Jumps go to a label, addresses that the disassembler worked out are left away. */
export function mcaInput(texts: readonly string[]): string {
  const body = texts.map((text) => text.replace(/\s*[#<].*$/, "").replace(/^((?:bnd )?j[a-z]+)\s+.*$/, "$1 .Lloop"));
  return [".Lloop:", ...body, ""].join("\n");
}

export interface McaReport {
  /** Cycles of one iteration in the long run. */
  readonly cycles: number;
  readonly bottleneck: string;
  readonly ports: readonly { readonly name: string; readonly pressure: number }[];
}

interface McaAnswer {
  readonly CodeRegions: readonly {
    readonly Instructions: readonly string[];
    readonly ResourcePressureView: {
      readonly ResourcePressureInfo: readonly {
        readonly InstructionIndex: number;
        readonly ResourceIndex: number;
        readonly ResourceUsage: number;
      }[];
    };
    readonly SummaryView: {
      readonly DispatchWidth: number;
      readonly Iterations: number;
      readonly TotalCycles: number;
      readonly TotaluOps: number;
    };
  }[];
  readonly TargetInfo: { readonly Resources: readonly string[] };
}

/** What of the cycles a limit must explain to be the limit. */
const explains = 0.9;

/** Reads the answer of `llvm-mca -json`; undefined when it is none. */
export function parseMca(json: string): McaReport | undefined {
  let answer: McaAnswer;
  try {
    answer = JSON.parse(json) as McaAnswer;
  } catch {
    return undefined;
  }
  const [region] = answer.CodeRegions ?? [];
  if (region === undefined) return undefined;
  const { Iterations, TotalCycles, TotaluOps, DispatchWidth } = region.SummaryView;
  const totals = region.ResourcePressureView.ResourcePressureInfo.filter((r) => r.InstructionIndex === region.Instructions.length);
  const ports = totals
    .map((r) => ({ name: answer.TargetInfo.Resources[r.ResourceIndex] ?? `#${r.ResourceIndex}`, pressure: r.ResourceUsage }))
    .filter((p) => p.pressure > 0.005)
    .sort((a, b) => b.pressure - a.pressure);
  const cycles = TotalCycles / Iterations;
  return { cycles, bottleneck: bottleneckOf(cycles, TotaluOps / Iterations / DispatchWidth, DispatchWidth, ports), ports };
}

function bottleneckOf(cycles: number, dispatch: number, width: number, ports: McaReport["ports"]): string {
  const most = ports[0]?.pressure ?? 0;
  if (Math.max(most, dispatch) < explains * cycles)
    return `a chain of dependences: no unit is busy for more than ${((100 * most) / cycles).toFixed(0)} % of the cycles`;
  if (dispatch > most) return `the front end: ${width} operations per cycle`;
  const busy = ports.filter((p) => p.pressure >= 0.95 * most).map((p) => p.name);
  return `${busy.length > 1 ? "the units" : "the unit"} ${busy.join(", ")}: busy ${((100 * most) / cycles).toFixed(0)} % of the cycles`;
}

/** Input for llvm-mca from forms of instructions (Intel syntax): a region for each, by its index. Calls are left out: their time is the function's. */
export function formsInput(forms: readonly string[]): string {
  const regions = forms.flatMap((form, i) =>
    /^call\b/.test(form)
      ? []
      : [`# LLVM-MCA-BEGIN ${i}`, form.replace(/^movsx(?= r\w+, (?:e\w\w|r\d+d)$)/, "movsxd"), `# LLVM-MCA-END ${i}`],
  );
  return [".intel_syntax noprefix", ".L:", ...regions, ""].join("\n");
}

interface PricedRegion {
  readonly Name: string;
  readonly InstructionInfoView: {
    readonly InstructionList: readonly { readonly Latency: number; readonly NumMicroOpcodes: number; readonly RThroughput: number }[];
  };
  readonly ResourcePressureView: McaAnswer["CodeRegions"][number]["ResourcePressureView"];
}

/** Prices by the index of the form, from the answer of `llvm-mca -json -instruction-info`; forms that it refused are left out. Undefined: no answer. */
export function parsePrices(json: string): ReadonlyMap<number, InstructionPrice> | undefined {
  let answer: { readonly CodeRegions: readonly PricedRegion[]; readonly TargetInfo: McaAnswer["TargetInfo"] };
  try {
    answer = JSON.parse(json) as typeof answer;
  } catch {
    return undefined;
  }
  const units = unitNames(answer.TargetInfo.Resources);
  return new Map(
    answer.CodeRegions.flatMap(({ Name, InstructionInfoView, ResourcePressureView }) => {
      const [info, ...others] = InstructionInfoView.InstructionList;
      if (info === undefined || others.length > 0) return [];
      const ports = ResourcePressureView.ResourcePressureInfo.filter((r) => r.InstructionIndex === 0 && r.ResourceUsage > 0.005).map(
        (r) => ({
          name: units[r.ResourceIndex] ?? `#${r.ResourceIndex}`,
          cycles: r.ResourceUsage,
        }),
      );
      return [[Number(Name), { latency: info.Latency, throughput: info.RThroughput, operations: info.NumMicroOpcodes, ports }] as const];
    }),
  );
}

/** Units without what all their names begin with; those of one kind are numbered by a control character, `LSU.0` here. */
function unitNames(resources: readonly string[]): readonly string[] {
  const [first = ""] = resources;
  let shared = 0;
  while (shared < first.length && resources.every((name) => name[shared] === first[shared])) shared++;
  const stem = first.slice(0, shared).replace(/Port\d*$/, "");
  return resources.map((name) => name.slice(stem.length).replace(/\.(\p{Cc})$/u, (_, n: string) => `.${n.charCodeAt(0)}`));
}
