/** What to type to get in a terminal what the page shows. Quoted for a POSIX shell. */
import type { BenchScope } from "./bench.ts";
import type { PanelOptions } from "./panel.ts";

const plain = /^[A-Za-z0-9_./:=,@%+#-]+$/;
const leading = /^[#~]/;

/** One word of a shell's line, whatever it contains. */
export const shellWord = (text: string): string =>
  plain.test(text) && !leading.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

const repeated = (flag: string, values: readonly string[]): string[] => values.flatMap((value) => [flag, value]);

/** Options of a compilation as the command takes them; what is usual is left out. */
function optionWords({ isa, threads, precision, dims, without, force, forbid }: PanelOptions): string[] {
  const pairs = (list: PanelOptions["force"]): string[] => list.map((pair) => pair.join("+"));
  return [
    ...(isa === "auto" ? [] : ["--isa", isa]),
    ...(threads === 1 ? [] : ["--threads", String(threads)]),
    ...(precision === "f32" ? [] : ["--precision", precision]),
    ...repeated(
      "--dim",
      Object.entries(dims).map(([name, value]) => `${name}=${value}`),
    ),
    ...repeated("--without", without),
    ...repeated("--force", pairs(force)),
    ...repeated("--forbid", pairs(forbid)),
  ];
}

function scopeWords(scope: BenchScope, reference: (node: number) => string): string[] {
  if (scope.kind === "group") return ["--group", String(scope.group)];
  return scope.kind === "nodes" ? ["--nodes", scope.nodes.map(reference).join(",")] : [];
}

const line = (words: readonly string[]): string => words.map(shellWord).join(" ");

/** `fusionscope compile MODEL …`: the same compilation. */
export const compileCommand = (model: string, options: PanelOptions): string =>
  line(["fusionscope", "compile", model, ...optionWords(options)]);

/** What is measured, and how; what is usual is left out. `regions`: true unless given. */
export interface BenchRequest {
  readonly scope: BenchScope;
  readonly baselines: readonly string[];
  readonly regions?: boolean;
  readonly isolated?: boolean;
  readonly sample?: boolean;
  readonly static?: boolean;
  readonly cold?: boolean;
  readonly seconds?: number;
  readonly sessions?: number;
  readonly runs?: number;
  readonly seed?: number;
}

const given = (flag: string, value: number | undefined): string[] => (value === undefined ? [] : [flag, String(value)]);

/** `fusionscope bench MODEL …`: the same measurement. `reference` names an ONNX node by its path, such as `#12`. */
export const benchCommand = (
  model: string,
  options: PanelOptions,
  { scope, baselines, regions = true, isolated, sample, static: priced, cold, seconds, sessions, runs, seed }: BenchRequest,
  reference: (node: number) => string,
): string =>
  line([
    "fusionscope",
    "bench",
    model,
    ...scopeWords(scope, reference),
    ...optionWords(options),
    "--baseline",
    baselines.length === 0 ? "none" : baselines.join(","),
    ...given("--seconds", seconds),
    ...given("--sessions", sessions),
    ...given("--runs", runs),
    ...given("--seed", seed),
    ...(cold === true ? ["--cold"] : []),
    ...(regions ? ["--regions"] : []),
    ...(isolated === true ? ["--isolated"] : []),
    ...(sample === true ? ["--sample"] : []),
    ...(priced === true ? ["--static"] : []),
  ]);
