/**
 * `npm run bench -- [--only peaks,launch,kernels,cases,models] [--match REGEX] [--threads 1,2] [--quick] [--seconds S] [--sessions N] [--fresh]
 * [--folder DIR] [--out FILE] [--list] [--report]`: measures kernels, cases and whole models, and writes docs/benchmarks.md and the figures as JSON
 * beside it. Every row is kept as a file as soon as it is measured: a run that is cut off goes on where it was, with `--fresh` from the beginning.
 * `--report` only writes the page from what is kept.
 */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { cacheFolder, packageRoot } from "#core/io";
import { measureRow, type Effort, type Stored } from "./measure.ts";
import { reportText } from "./report.ts";
import { allRows, sections, type Row } from "./rows.ts";

const { values: given } = parseArgs({
  options: {
    only: { type: "string", default: sections.join(",") },
    match: { type: "string", default: "" },
    threads: { type: "string", default: "1,2" },
    quick: { type: "boolean", default: false },
    seconds: { type: "string" },
    sessions: { type: "string" },
    patience: { type: "string", default: "600" },
    fresh: { type: "boolean", default: false },
    folder: { type: "string", default: path.join(cacheFolder(), "benchmarks") },
    out: { type: "string", default: path.join(packageRoot(), "docs/benchmarks.md") },
    list: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
  },
});

const effort: Effort = {
  seconds: Number(given.seconds ?? (given.quick ? 0.3 : 1.5)),
  sessions: Number(given.sessions ?? (given.quick ? 1 : 5)),
  patienceSeconds: Number(given.patience),
};
const wantedSections = given.only.split(",");
const match = new RegExp(given.match);
// Bounds need the peaks, whatever else was asked for.
const rows = allRows(given.threads.split(",").map(Number)).filter(
  (r) => r.section === "peaks" || (wantedSections.includes(r.section) && match.test(r.name)),
);
const fileOf = (row: Row): string => path.join(given.folder, `${row.id}.json`);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function kept(row: Row): Stored | undefined {
  try {
    return JSON.parse(fs.readFileSync(fileOf(row), "utf8")) as Stored;
  } catch {
    return undefined;
  }
}

/** A kept row counts when it was measured with the same effort, and did not fail. */
const isDone = (row: Row): boolean => {
  const found = kept(row);
  return found !== undefined && found.failed === undefined && JSON.stringify(found.effort) === JSON.stringify(effort);
};

/** Seconds that a row takes, before one like it has been measured: every candidate, the control, building and starting. */
const guess = (row: Row): number =>
  ({ peaks: 12 * effort.seconds, launch: effort.seconds + 1, kernels: 15, cases: 0, models: 20 })[row.section] +
  (row.section === "cases" || row.section === "models" ? effort.seconds * (row.baselines.length + 2) + 4 * effort.sessions : 0);

const minutes = (seconds: number): string => `${(seconds / 60).toFixed(1)} min`;

function write(row: Row, stored: Stored): void {
  const draft = `${fileOf(row)}.${process.pid}`;
  fs.writeFileSync(draft, `${JSON.stringify(stored)}\n`);
  fs.renameSync(draft, fileOf(row));
}

async function measureAll(): Promise<void> {
  const open = rows.filter((r) => given.fresh || !isDone(r));
  say(
    `${open.length} of ${rows.length} rows to measure, about ${minutes(open.reduce((s, r) => s + guess(r), 0))}; kept in ${given.folder}`,
  );
  let guessed = 0;
  let spent = 0;
  for (const [i, row] of open.entries()) {
    const stored = await measureRow(row, effort);
    write(row, stored);
    guessed += guess(row);
    spent += stored.seconds;
    const left = open.slice(i + 1).reduce((s, r) => s + guess(r), 0) * (spent / guessed);
    say(`${i + 1}/${open.length} ${row.id}: ${stored.failed ?? summary(stored)}; ${minutes(left)} left`);
  }
}

function summary({ case: figures, seconds }: Stored): string {
  if (figures === undefined) return `${seconds.toFixed(1)} s`;
  const ratios = Object.entries(figures.result.speedup).map(
    ([name, r]) => `${r.median.toFixed(3)} [${r.ci95[0].toFixed(3)}, ${r.ci95[1].toFixed(3)}] of ${name}`,
  );
  return [`${figures.result.ours.medianMs.toPrecision(4)} ms`, ...ratios].join(", ");
}

if (given.list) {
  for (const row of rows) process.stdout.write(`${row.id}${isDone(row) ? " (kept)" : ""}\n`);
} else {
  fs.mkdirSync(given.folder, { recursive: true });
  if (!given.report) await measureAll();
  const all = allRows(given.threads.split(",").map(Number)).flatMap((r) => kept(r) ?? []);
  fs.writeFileSync(given.out, reportText(all, ["npm run bench", ...process.argv.slice(2)].join(" ")));
  fs.writeFileSync(given.out.replace(/\.md$/, ".json"), `${JSON.stringify(all.map(withoutSamples), undefined, 1)}\n`);
  say(`written: ${given.out}`);
}

function withoutSamples(stored: Stored): Stored {
  if (stored.case === undefined) return stored;
  const { samples: _, ...result } = stored.case.result;
  return { ...stored, case: { ...stored.case, result } };
}
