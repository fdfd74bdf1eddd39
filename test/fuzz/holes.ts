/**
 * Graphs with parts that run on ONNX Runtime, as one plan in the runner, held against ONNX Runtime alone. Many are built as one shared object.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { ArtifactPlan } from "#core";
import { buildModule, compileModel, localMachine, NativeHost, openSessionModel, type SessionModel } from "#core/io";
import { defaultOptions } from "../../compiler-core/options.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { memoryStore } from "../../compiler-core/onnx/tensor-data.ts";
import { isFloat, type DType } from "../../compiler-core/support/dtype.ts";
import type { NdArray } from "../../compiler-core/graph/ndarray.ts";
import { prefixOf, unitOf } from "../onnx-node/unit.ts";
import { inputsOf, modelOf, type FuzzCase } from "./case.ts";
import { difference } from "./judge.ts";

type RunValue = Awaited<ReturnType<NativeHost["runValues"]>>[number];

interface Ready {
  readonly one: FuzzCase;
  readonly model: SessionModel;
  readonly text: string;
  readonly plan: ArtifactPlan;
}

export interface HoleReport {
  /** Held against ONNX Runtime, and how many parts ran on it. */
  readonly ran: number;
  readonly holes: number;
  /** What ONNX Runtime refuses as a whole. */
  readonly skipped: number;
  readonly problems: readonly { readonly one: FuzzCase; readonly problem: string }[];
}

/** Float sums of ONNX Runtime may be in any order. */
const tolerance = 5e-4;

/** Compiles, builds and runs all cases, with one, two and three threads in turn, or with so many. */
export async function judgeHoles(cases: readonly FuzzCase[], threads?: number): Promise<HoleReport> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-fuzz-"));
  const problems: { one: FuzzCase; problem: string }[] = [];
  const ready: Ready[] = [];
  try {
    for (const [i, one] of cases.entries()) {
      const made = prepared(one, path.join(folder, `${i}.onnx`), threads ?? 1 + (i % 3));
      if (typeof made === "string") problems.push({ one, problem: made });
      else ready.push(made);
    }
    if (ready.length === 0) return { ran: 0, holes: 0, skipped: 0, problems };
    const text = unitOf(ready.map((r) => r.text));
    const { so } = await buildModule({ sources: [{ name: "model.cpp", text }], isa: ready[0]!.plan.isa });
    const verdicts = await runAll(ready, so);
    ready.forEach(({ one }, i) => {
      const verdict = verdicts[i];
      if (typeof verdict === "string") problems.push({ one, problem: verdict });
    });
    const fine = ready.filter((_, i) => verdicts[i] === undefined);
    const holes = fine.reduce((n, r) => n + r.plan.holes.length, 0);
    return { ran: fine.length, holes, skipped: verdicts.filter((v) => v === null).length, problems };
  } finally {
    for (const { model } of ready) model.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The code of a case, or what is wrong. */
function prepared(one: FuzzCase, file: string, threads: number): Ready | string {
  fs.writeFileSync(file, encodeModel(modelOf(one), { store: memoryStore() }));
  const model = openSessionModel(file);
  try {
    const { source, error } = compileModel(model, { ...defaultOptions, threads, dims: one.dims ?? {} }, localMachine());
    if (source !== undefined) return { one, model, text: source.text, plan: source.plan };
    model.close();
    return `compilation: ${error?.message ?? "no code"}`;
  } catch (e) {
    model.close();
    return `compilation: ${e instanceof Error ? e.message : String(e)}`;
  }
}

const textOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/** For each case the problem, undefined when there is none, null when ONNX Runtime cannot run it either. */
async function runAll(ready: readonly Ready[], so: string): Promise<(string | undefined | null)[]> {
  let host = await NativeHost.start({ timeoutSeconds: 60 });
  const verdicts: (string | undefined | null)[] = [];
  try {
    for (const [i, one] of ready.entries()) {
      if (!host.client.alive) {
        await host.close();
        host = await NativeHost.start({ timeoutSeconds: 60 });
      }
      verdicts.push(await verdictOf(host, one, so, prefixOf(i)));
    }
    return verdicts;
  } finally {
    await host.close();
  }
}

async function verdictOf(host: NativeHost, { one, model, plan }: Ready, so: string, prefix: string): Promise<string | undefined | null> {
  const values = [...inputsOf(one)];
  const files = host.inputFiles(
    values.map(([name]) => name),
    values.map(([, v]) => v),
  );
  let want: readonly RunValue[];
  try {
    const ort = await host.loadOrt(model.path, 1);
    want = await host.runValues(ort, files);
    await host.unload(ort);
  } catch {
    return null;
  }
  try {
    const loaded = await host.load({ sharedObject: so, plan }, "ours", prefix);
    for (let repeat = 0; repeat < 2; repeat++) {
      const got = await host.runValues(loaded, files);
      for (const [i, w] of want.entries()) {
        const found = got[i] === undefined ? "is missing" : unequal(got[i], w);
        if (found !== undefined) return `holes, ${plan.threads} threads, run ${repeat}, output ${i}: ${found}`;
      }
    }
    await host.unload(loaded);
    return undefined;
  } catch (e) {
    return `holes: ${textOf(e)}`;
  }
}

const numeric = (v: RunValue): v is NdArray => "data" in v;

function unequal(got: RunValue, want: RunValue): string | undefined {
  if (numeric(got) && numeric(want)) return difference(got, want, isFloat(want.dtype as DType) ? tolerance : 0);
  return JSON.stringify(got) === JSON.stringify(want)
    ? undefined
    : `${JSON.stringify(got)} instead of ${JSON.stringify(want)}`.slice(0, 300);
}
