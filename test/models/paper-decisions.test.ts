/**
 * `--machine ice-lake-32` beside the thread splits that oneDNN Graph Compiler's heuristic gives for the layers of MLP_1 and MLP_2 on 32 cores
 * (M x N x K splits). Where ours differ, our own cost model says what its split would have taken. docs/ice-lake-32.md is the table (`UPDATE=1`).
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { defaultOptions, type Compilation } from "#core";
import type { Verdict } from "#protocol";
import { compileModel, machineOf, openSessionModel } from "#core/io";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { mlp, mlpInt8, type MlpFamily } from "../workloads/mlp.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-splits-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const machine = machineOf("ice-lake-32");
const threads = 32;

type Split = readonly [rows: number, columns: number, depth: number];
type Form = "f32" | "int8";
const batches = [32, 128, 512] as const;

interface Layer {
  readonly family: MlpFamily;
  readonly index: number;
  readonly k: number;
  readonly n: number;
  /** By form, for batches of 32, 128 and 512. */
  readonly theirs: Readonly<Record<Form, readonly Split[]>>;
}

const rows32: readonly Split[] = [
  [32, 1, 1],
  [32, 1, 1],
  [32, 1, 1],
];
const layers: readonly Layer[] = [
  { family: "mlp1", index: 0, k: 13, n: 512, theirs: { f32: [[8, 4, 1], [16, 2, 1], [32, 1, 1]], int8: rows32 } },
  { family: "mlp1", index: 1, k: 512, n: 256, theirs: { f32: [[4, 2, 4], [4, 2, 4], [32, 1, 1]], int8: rows32 } },
  { family: "mlp1", index: 2, k: 256, n: 128, theirs: { f32: [[16, 2, 1], [16, 2, 1], [32, 1, 1]], int8: rows32 } },
  { family: "mlp2", index: 0, k: 479, n: 1024, theirs: { f32: [[1, 16, 2], [4, 4, 2], [8, 4, 1]], int8: [[1, 16, 2], [4, 8, 1], [16, 2, 1]] } },
  { family: "mlp2", index: 1, k: 1024, n: 1024, theirs: { f32: [[1, 32, 1], [2, 16, 1], [8, 4, 1]], int8: [[1, 16, 2], [2, 16, 1], [2, 16, 1]] } },
  { family: "mlp2", index: 2, k: 1024, n: 512, theirs: { f32: [[1, 7, 4], [4, 2, 4], [8, 4, 1]], int8: [[1, 16, 2], [4, 8, 1], [16, 2, 1]] } },
  { family: "mlp2", index: 3, k: 512, n: 256, theirs: { f32: [[4, 2, 4], [4, 2, 4], [32, 1, 1]], int8: rows32 } },
  { family: "mlp2", index: 4, k: 256, n: 1, theirs: { f32: rows32, int8: rows32 } },
]; // prettier-ignore

function compiledOn(family: MlpFamily, form: Form, batch: number): Compilation {
  const model = form === "f32" ? mlp(family, batch) : mlpInt8(family, batch);
  const file = path.join(folder, `${family}-${form}-${batch}.onnx`);
  fs.writeFileSync(file, encodeModel(model));
  const opened = openSessionModel(file);
  const compilation = compileModel(opened, { ...defaultOptions, threads }, machine);
  opened.close();
  assert.equal(compilation.error, undefined, compilation.error?.message);
  return compilation;
}

interface Decision {
  readonly split: Split;
  /** What our model says of their split and of ours; NaN where it did not compare them. */
  readonly ownCost: number;
  readonly theirCost: number;
  readonly unit: string;
  /** One nest with its neighbours, and the cycles of the busiest thread that were compared for it. */
  readonly chain?: { readonly together: number; readonly apart: number };
  /** What was said about dividing the depth, where that was compared. */
  readonly depth?: string;
}

/** Of each product in order: how it is shared out in the end, and what was compared. */
function decisions(c: Compilation, theirs: readonly Split[]): Decision[] {
  const products = c.graph.nodes.filter((n) => n.phase === "run" && /^matmul/.test(n.op));
  return products.map((node, i) => {
    const verdict = c.verdicts.find((v) => v.rule === "choose-tiles/threads" && v.nodes.includes(node.id));
    assert.ok(verdict !== undefined, `nothing was decided about ${node.name}`);
    const [own = { choice: "", cost: NaN, unit: "" }] = verdict.alternatives ?? [];
    const group = c.graph.groups.find((g) => g.members.some((m) => m.node === node.id));
    const chained = c.verdicts.find((v) => v.rule === "chain-nests/chain" && v.nodes.some((n) => group?.members.some((m) => m.node === n)));
    const depth = c.verdicts.find((v) => v.rule === "choose-tiles/depth" && v.nodes.includes(node.id));
    const wanted = gridOf(theirs[i]!);
    const text = /^split (\d+) x (\d+)(?: x (\d+))?/.exec(verdict.because);
    const found: Split = [Number(text?.[1]), Number(text?.[2]), Number(text?.[3] ?? 1)];
    return {
      split: chained
        ? [Math.min(threads, Math.ceil(rowsOf(verdict.facts) / Math.max(1, Number(group?.params["rows"] ?? 1)))), 1, 1]
        : found,
      ownCost: own.cost,
      theirCost: verdict.alternatives?.find((a) => a.choice === wanted)?.cost ?? NaN,
      unit: own.unit,
      ...(group?.template === "chain" ? { chain: { together: factOf(chained, "together"), apart: factOf(chained, "apart") } } : {}),
      ...(depth === undefined ? {} : { depth: depth.because }),
    };
  });
}

const factOf = (v: Verdict | undefined, name: string): number => Number(v?.facts.find((f) => f.name === name)?.value ?? NaN);
const gridOf = ([m, n, k]: Split): string => `${m} x ${n}${k === 1 ? "" : ` x ${k}`}`;
const rowsOf = (facts: readonly { readonly name: string; readonly value: number | string }[]): number =>
  Number(facts.find((f) => f.name === "m")?.value ?? 0);

const table: string[] = [];
for (const family of ["mlp1", "mlp2"] as const) {
  for (const form of ["f32", "int8"] as const) {
    batches.forEach((batch, b) => {
      test(`${family} ${form}, batch ${batch}: splits on ${threads} Ice Lake cores`, () => {
        const own = layers.filter((l) => l.family === family);
        const found = decisions(
          compiledOn(family, form, batch),
          own.map((l) => l.theirs[form][b]!),
        );
        assert.equal(found.length, own.length, "a decision for each layer");
        own.forEach((layer, i) => {
          const [ours, theirs] = [found[i]!, layer.theirs[form][b]!];
          const [m, n, k] = ours.split;
          assert.ok(m * n * k <= threads, `${gridOf(ours.split)} is more than there are threads`);
          const same = gridOf(ours.split) === gridOf(theirs);
          const reason = reasonOf(ours, theirs, same);
          assert.ok(
            same || reason !== "",
            `${layer.k}x${layer.n}: ours is ${gridOf(ours.split)}, theirs ${gridOf(theirs)}, without a reason`,
          );
          table.push(
            `| ${family} ${layer.k}x${layer.n} | ${form} | ${batch} | ${gridOf(theirs)} | ${gridOf(ours.split)}${ours.chain === undefined ? "" : ", one nest"} | ${reason} |`,
          );
        });
      });
    });
  }
}

/** Why ours is another one, in figures that were compared when it was chosen. */
function reasonOf(ours: Decision, theirs: Split, same: boolean): string {
  if (same) return "the same";
  const [m, n, k] = theirs;
  const [om, on, ok] = ours.split;
  if (ours.chain !== undefined) {
    const { together, apart } = ours.chain;
    return `rows alone, as one nest with its neighbours: ${together} cycles of the busiest thread for all of them, a nest each with barriers ${apart}`;
  }
  if (ours.theirCost >= ours.ownCost) return `${(ours.theirCost / ours.ownCost).toFixed(2)} times our time at theirs, by our model`;
  if (k > 1 && ok === 1 && ours.depth !== undefined) return ours.depth;
  if (k > 1 && ok === 1) return `${om * on} of ${threads} threads are busy without a sum of parts behind a barrier`;
  if (ok > 1 && k === 1 && ours.depth !== undefined) return ours.depth;
  if (m * n * k < om * on * ok) return `theirs keeps ${m * n * k} of ${threads} threads busy, ours ${om * on * ok}`;
  if (om * on * ok <= m * n * k) return "theirs cuts a register tile, and was not among the points compared";
  return "";
}

test("the page about it is in step", () => {
  const page = [
    "# Splits on 32 Ice Lake cores",
    "",
    "<!-- Generated by `UPDATE=1 npm test -- paper-decisions`: do not edit. -->",
    "",
    "How the layers of the paper's MLPs are shared out on the profile `ice-lake-32`, beside what oneDNN Graph Compiler's heuristic gives there: parts of",
    "the rows x columns x depth. Ours is the point of the search space with the least predicted time; the last column says what its model makes of the",
    "other one, or what decided.",
    "",
    "| layer | type | batch | oneDNN Graph Compiler | ours | why |",
    "| --- | --- | --- | --- | --- | --- |",
    ...table,
    "",
  ].join("\n");
  const file = "docs/ice-lake-32.md";
  if (process.env["UPDATE"] === "1") fs.writeFileSync(file, page);
  const keys = (text: string): readonly string[] =>
    [...text.matchAll(/^\| (mlp\d \S+ \| \w+ \| \d+ \| [\dx ]+) \|/gm)].map((match) => match[1]!);
  // What the model predicts moves with every change of it: the page is written anew with UPDATE=1, the reasons are asked for above each time.
  assert.deepEqual(keys(fs.readFileSync(file, "utf8")), keys(page));
  assert.equal(keys(page).length, layers.length * 2 * batches.length);
});
