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

const line = (words: readonly string[]): string => words.map(shellWord).join(" ");

/** Options of another build of the same model, as `--other` takes them: what is not named is as in `options`, but for what is switched off, forced or forbidden. */
export function otherWords(options: PanelOptions, other: PanelOptions): string {
  const words = [
    ...(other.isa === options.isa ? [] : ["--isa", other.isa]),
    ...(other.threads === options.threads ? [] : ["--threads", String(other.threads)]),
    ...(other.precision === options.precision ? [] : ["--precision", other.precision]),
    ...optionWords({ ...other, isa: "auto", threads: 1, precision: "f32", dims: {} }),
  ];
  // Nothing of its own: any option that says what holds already.
  return line(words.length === 0 ? ["--threads", String(other.threads)] : words);
}

function scopeWords(scope: BenchScope, reference: (node: number) => string): string[] {
  if (scope.kind === "group") return ["--group", String(scope.group)];
  return scope.kind === "nodes" ? ["--nodes", scope.nodes.map(reference).join(",")] : [];
}

/** `fusionscope compile MODEL …`: the same compilation. */
export const compileCommand = (model: string, options: PanelOptions): string =>
  line(["fusionscope", "compile", model, ...optionWords(options)]);

/** What is measured, and how; what is usual is left out. `regions`: true unless given. */
export interface BenchRequest {
  readonly scope: BenchScope;
  readonly baselines: readonly string[];
  /** Options of a second build that takes part. */
  readonly against?: PanelOptions;
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
  { scope, baselines, against, regions = true, isolated, sample, static: priced, cold, seconds, sessions, runs, seed }: BenchRequest,
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
    ...(against === undefined ? [] : ["--other", otherWords(options, against)]),
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
