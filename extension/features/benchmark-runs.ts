/** Benchmarks that are kept for a model over restarts, in the workspace's memory: enough to see a trail, with few enough samples to be small. */
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import type * as vscode from "vscode";
import { benchRunOf, isBenchRun, type BenchRun, type CandidateSamples } from "#protocol";
import { coded } from "../coded-error.ts";

/** Runs of one model. */
export const mostRuns = 24;
/** Samples of one candidate: a strip of them looks the same. VS Code complains of memories beyond half a megabyte. */
const mostSamples = 96;
/** Bytes of a stored file. */
const mostBytes = 256 * 2 ** 20;

const keyOf = (model: string): string => `bench:${model}`;

/** Those of a model, oldest first; what an older version left and cannot be drawn is not among them. */
export function keptRuns(memory: vscode.Memento, model: string): readonly BenchRun[] {
  const stored = memory.get<unknown>(keyOf(model));
  return Array.isArray(stored) ? stored.filter(isBenchRun) : [];
}

export async function keepRun(memory: vscode.Memento, model: string, run: BenchRun): Promise<void> {
  const others = keptRuns(memory, model).filter(({ id }) => id !== run.id);
  const all = [...others, thinnedRun(run)].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  await memory.update(keyOf(model), all.slice(-mostRuns));
}

export async function dropRuns(memory: vscode.Memento, model: string, ids: readonly string[]): Promise<void> {
  const gone = new Set(ids);
  const left = keptRuns(memory, model).filter(({ id }) => !gone.has(id));
  await memory.update(keyOf(model), left.length === 0 ? undefined : left);
}

/** The run without most of its samples and of what was sampled line by line. */
export function thinnedRun(run: BenchRun): BenchRun {
  const { hotSpots, samples, ...result } = run.result;
  const fewer = samples?.map(fewSamples);
  const hot = hotSpots && { ...hotSpots, lines: hotSpots.lines.slice(0, 20), instructions: [] };
  const thinned = fewer?.some((list, i) => list !== samples?.[i]) === true;
  const kept = { ...result, ...(fewer ? { samples: fewer } : {}), ...(hot ? { hotSpots: hot } : {}) };
  return { ...run, result: kept, ...(thinned ? { thinned } : {}) };
}

/** Evenly taken over the whole time, as one round: pairs are lost, which only the ratios needed. */
function fewSamples(candidate: CandidateSamples): CandidateSamples {
  const all = candidate.rounds.flat();
  if (all.length <= mostSamples) return candidate;
  const step = (all.length - 1) / (mostSamples - 1);
  return { ...candidate, rounds: [Array.from({ length: mostSamples }, (_, i) => Math.round(all[Math.round(i * step)] as number))] };
}

/**
 * Reads a stored benchmark.
 * @throws bench-file for what is none
 */
export function readRun(file: string): BenchRun {
  const refuse = (what: string): never => {
    throw coded("bench-file", { path: file, what });
  };
  let data: unknown;
  try {
    if (statSync(file).size > mostBytes) return refuse("it is too large");
    data = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    return refuse(error instanceof SyntaxError ? "it is not JSON" : error instanceof Error ? error.message : String(error));
  }
  return benchRunOf(data, path.basename(file)) ?? refuse("it has no times, ratios and control");
}
