/** Input for llvm-mca from a disassembly in AT&T syntax, and what its JSON answer says. Pure. */

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
