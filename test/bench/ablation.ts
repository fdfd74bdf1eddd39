/**
 * `npm run ablation -- [--match REGEX] [--threads 2] [--seconds S] [--fresh] [--report] [--out FILE]`: times models with each optional pass switched off
 * (`fusionscope ablate`, one process for each model) and writes docs/ablation.md, with the figures as JSON beside it. Models that were measured stay in
 * that file: another run adds to it or replaces them, `--fresh` begins anew, `--report` only writes the page.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { packageRoot } from "#core/io";
import { ensureWorkload } from "../workloads/write.ts";
import { ablationDocument, type AblatedModel, type AblationAnswer } from "./ablation-table.ts";

const { values: given } = parseArgs({
  options: {
    match: { type: "string", default: "" },
    threads: { type: "string", default: "2" },
    seconds: { type: "string", default: "1" },
    timeout: { type: "string", default: "3600" },
    fresh: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    out: { type: "string", default: path.join(packageRoot(), "docs/ablation.md") },
    command: { type: "string", default: "bin/fusionscope" },
  },
});

/** One of each kind: a small model of bytes, attention, a recommender with many small nests, a large transformer. */
const models = ["mlp1_b32_int8", "mha4_b32_f32", "dlrm", "bert-base"];
const data = given.out.replace(/\.md$/, ".json");
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const kept = (): readonly AblatedModel[] =>
  given.fresh || !fs.existsSync(data) ? [] : (JSON.parse(fs.readFileSync(data, "utf8")) as AblatedModel[]);

function measured(name: string): AblatedModel {
  const words = ["ablate", ensureWorkload(name), "--threads", given.threads, "--seconds", given.seconds, "--json"];
  const begun = Date.now();
  const { status, stdout } = spawnSync(process.execPath, [given.command, ...words], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 26,
    timeout: 1000 * Number(given.timeout),
  });
  if (status !== 0) throw new Error(`ablate ${name}: ${status === null ? `no answer in ${given.timeout} s` : `exit ${status}: ${stdout}`}`);
  const { base, figures, rows } = JSON.parse(stdout) as AblationAnswer;
  return { name, threads: Number(given.threads), seconds: Number(given.seconds), took: (Date.now() - begun) / 1000, base, figures, rows };
}

const table = new Map(kept().map((m) => [`${m.name} ${m.threads}`, m]));
const match = new RegExp(given.match);
for (const name of given.report ? [] : models.filter((m) => match.test(m))) {
  say(`${name}, ${given.threads} threads`);
  const made = measured(name);
  table.set(`${name} ${made.threads}`, made);
  fs.writeFileSync(data, `${JSON.stringify([...table.values()], null, 1)}\n`);
  say(`${name}: ${made.took.toFixed(0)} s`);
}
const order = [...table.values()].sort((a, b) => models.indexOf(a.name) - models.indexOf(b.name) || a.threads - b.threads);
fs.writeFileSync(given.out, ablationDocument(order));
