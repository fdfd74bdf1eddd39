/** Two compilations in numbers, and where they decided differently. */
import type { CompilationSummary, PassEvent, Verdict } from "#protocol";
import { bytesText, digits, flopsText, timeText } from "../model/format.ts";
import { isHoleGroup } from "../model/holes.ts";
import type { Pairs } from "./match.ts";

/** A number of each side. `better`: which of the two is, where less is better and it matters. */
export interface NumberRow {
  readonly name: string;
  readonly here: string;
  readonly there: string;
  /** `−12 %`, `same`, or nothing where a difference says nothing. */
  readonly change: string;
  readonly differs: boolean;
}

type Measure = (summary: CompilationSummary) => number;

const measures: readonly (readonly [name: string, of: Measure, text: (value: number) => string])[] = [
  ["ONNX nodes", (s) => s.sources.length, digits],
  ["operators after the graph passes", (s) => lastGraphPass(s)?.opsAfter ?? NaN, digits],
  ["fusion groups", (s) => s.groups.length, digits],
  ["calls of ONNX Runtime", (s) => s.groups.filter(isHoleGroup).length, digits],
  ["kernels", (s) => s.kernels.length, digits],
  ["work per run", (s) => s.flops, flopsText],
  ["moved per run", (s) => s.bytes, bytesText],
  ["arena", (s) => s.arenaBytes, bytesText],
  ["arena without reuse", (s) => s.arenaBytesWithoutReuse, bytesText],
  ["constants", (s) => s.constantBytes, bytesText],
  ["time in passes", (s) => s.passes.reduce((sum, { ms }) => sum + (Number.isFinite(ms) ? ms : 0), 0), timeText],
];

const lastGraphPass = ({ passes }: CompilationSummary): PassEvent | undefined => passes.filter(({ level }) => level === "graph").at(-1);

export function numberRows(here: CompilationSummary, there: CompilationSummary): NumberRow[] {
  return measures.map(([name, of, text]) => {
    const [a, b] = [of(here), of(there)];
    return { name, here: text(a), there: text(b), change: changeOf(a, b), differs: a !== b && !(Number.isNaN(a) && Number.isNaN(b)) };
  });
}

/** `−12 %`, `same`, or nothing where a difference says nothing. */
export function changeOf(a: number, b: number): string {
  if (a === b) return "same";
  if (!Number.isFinite(a) || !Number.isFinite(b) || a === 0) return "";
  const percent = (b / a - 1) * 100;
  if (Math.abs(percent) < 0.05) return "about the same";
  if (Math.abs(percent) > 900) return `× ${digits(b / a)}`;
  return `${percent > 0 ? "+" : "−"}${digits(Math.abs(percent))} %`;
}

export interface PassPair {
  readonly index: number;
  readonly here: PassEvent | undefined;
  readonly there: PassEvent | undefined;
  /** It did something else: another status, or other numbers of operators. Times always differ. */
  readonly differs: boolean;
}

/** Passes by their place in the pipeline, which both share. */
export function passPairs(here: CompilationSummary, there: CompilationSummary): PassPair[] {
  const last = Math.max(...[...here.passes, ...there.passes].map(({ index }) => index));
  const [mine, theirs] = [here, there].map(({ passes }) => new Map(passes.map((pass) => [pass.index, pass]))) as [
    Map<number, PassEvent>,
    Map<number, PassEvent>,
  ];
  return Array.from({ length: last + 1 }, (_, index) => {
    const [a, b] = [mine.get(index), theirs.get(index)];
    return { index, here: a, there: b, differs: a?.status !== b?.status || a?.opsBefore !== b?.opsBefore || a?.opsAfter !== b?.opsAfter };
  });
}

/** An edge that is fused on one side and not on the other. */
export interface FusionDifference {
  readonly here: Verdict;
  readonly there: Verdict;
}

/** @param pairs nodes of the last graphs */
export function fusionDifferences(here: CompilationSummary, there: CompilationSummary, pairs: Pairs): FusionDifference[] {
  const theirs = new Map(
    there.verdicts.filter(({ subject }) => subject === "fusion").map((verdict) => [`${verdict.nodes[0]} ${verdict.nodes[1]}`, verdict]),
  );
  return here.verdicts.flatMap((verdict) => {
    if (verdict.subject !== "fusion") return [];
    const other = theirs.get(`${pairs.there.get(verdict.nodes[0] ?? -1)} ${pairs.there.get(verdict.nodes[1] ?? -1)}`);
    return other && other.accepted !== verdict.accepted ? [{ here: verdict, there: other }] : [];
  });
}
