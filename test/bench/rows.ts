/** What `npm run bench` measures: one row, one stored JSON each. */
import fs from "node:fs";
import path from "node:path";
import { packageRoot } from "#core/io";
import { workloads } from "../workloads/catalog.ts";

export const sections = ["peaks", "launch", "kernels", "cases", "models"] as const;
export type Section = (typeof sections)[number];

export interface Row {
  readonly section: Section;
  /** Also the name of its file. */
  readonly id: string;
  readonly threads: number;
  /** Of a case or a model: the workload; of a kernel: its source below `native`. */
  readonly name: string;
  readonly baselines: readonly string[];
}

const kernelFolder = (): string => path.join(packageRoot(), "native/kernels");

/** Sources of the kernels' own benchmarks. */
function kernelSources(): string[] {
  return fs
    .readdirSync(kernelFolder(), { recursive: true, encoding: "utf8" })
    .filter((f) => f.endsWith("_bench.cpp"))
    .sort();
}

/** The 44 cases are too long to be measured at every size in a session: the largest attention cases come last. */
export function allRows(threads: readonly number[]): Row[] {
  const of = (section: Section, names: readonly string[], baselines: readonly string[]): Row[] =>
    names.flatMap((name) => threads.map((t) => ({ section, id: `${section}-${name}-t${t}`, threads: t, name, baselines })));
  const group = (wanted: string): string[] => workloads.filter((w) => w.group === wanted).map((w) => w.name);
  return [
    ...of("peaks", ["peaks"], []),
    { section: "launch", id: "launch", threads: Math.max(...threads), name: "launch", baselines: [] },
    ...kernelSources().map((source): Row => ({
      section: "kernels",
      id: `kernels-${path.basename(source, ".cpp")}`,
      threads: 1,
      name: path.join("kernels", source),
      baselines: [],
    })),
    ...of("cases", group("paper"), ["ort", "onednn"]),
    ...of("models", group("net"), ["ort", "onednn"]),
  ];
}

/** The family of a case: `mlp f32`. */
export function familyOf(name: string): string {
  const match = /^(mlp|mha)\d_b\d+_(\w+)$/.exec(name);
  return match === null ? name : `${match[1]} ${match[2]}`;
}
