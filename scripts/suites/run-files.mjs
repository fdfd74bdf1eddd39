// Runs bundled test files with node:test: one process per file, some at a time, with a time limit each.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { root, say } from "../setup/terminal.mjs";
import { countEvents } from "./count-events.mjs";
import { Tally } from "./tally.mjs";

const reporter = path.join(root, "scripts/suites/event-lines.mjs");

/**
 * Runs the bundles of the files and counts. Failures are printed as they come, with what the file printed.
 * @param {string[]} files relative to the root @param {string} outdir of the bundles @param {import("./tally.mjs").Tally} tally
 * @param {{ concurrency?: number, fileTimeout: number, env?: Record<string, string>, name?: string, verbose: boolean, again?: boolean }} options fileTimeout in seconds;
 *   again: a file that fails is run once more in a fresh process, both times are printed, and the second one counts
 */
export async function runFiles(files, outdir, tally, options) {
  const queue = [...files];
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) tally.add(await runFile(file, outdir, options));
  };
  const workers = options.concurrency ?? Math.min(4, availableParallelism());
  await Promise.all(Array.from({ length: workers }, worker));
}

/** @returns {Promise<Tally>} of the last attempt */
export async function runFile(file, outdir, options) {
  const bundle = path.join(root, outdir, file.replace(/\.ts$/, ".mjs"));
  if (!existsSync(bundle)) {
    const tally = new Tally();
    say(`FAILED ${file}: it could not be bundled`);
    tally.fail(file);
    return tally;
  }
  const first = await attempt(file, bundle, options);
  if (first.failed === 0 || !options.again) return first;
  say(`${file}: failed (${first.line()}), run again in a fresh process`);
  const second = await attempt(file, bundle, options);
  say(`${file}: ${second.line()} when run again`);
  if (second.failed === 0) second.repeated.push(...first.failures);
  return second;
}

/** Runs one file once. @returns {Promise<Tally>} */
async function attempt(file, bundle, options) {
  const tally = new Tally();
  const events = bundle.replace(/\.mjs$/, `.${options.env?.FUSIONSCOPE_VSCODE ?? "events"}.jsonl`);
  rmSync(events, { force: true });
  const args = ["--enable-source-maps", "--test-reporter", reporter, "--test-reporter-destination", events];
  if (options.name) args.push("--test-name-pattern", options.name);
  const ended = await runProcess([...args, bundle], options);
  const lines = existsSync(events) ? readFileSync(events, "utf8").split("\n").filter(Boolean) : [];
  const counts = countEvents(
    file,
    lines.map((line) => JSON.parse(line)),
    tally,
    options,
  );
  const trouble = troubleOf(ended, counts, options);
  if (trouble !== undefined) {
    say(`FAILED ${file}: ${trouble}`);
    tally.fail(`${file}: ${trouble}`);
  }
  if (tally.failed > 0 && ended.printed && !options.verbose) say(ended.printed.trimEnd().replace(/^/gm, "    | "));
  return tally;
}

/** What is wrong with a file beyond its failed tests, or undefined. */
function troubleOf(ended, counts, { fileTimeout }) {
  if (ended.timedOut) return `it did not end within ${fileTimeout} s`;
  if (ended.code !== 0 && counts.failed === 0) return `it ended with ${ended.code}`;
  return counts.tests === 0 ? "it has no test" : undefined;
}

/** Process groups of the running test files: a test's own children end with it. @type {Set<number>} */
const groups = new Set();

function endGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // already gone
  }
}
process.on("exit", () => groups.forEach(endGroup));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

/** @returns {Promise<{ code: number | string, printed: string, timedOut: boolean }>} */
function runProcess(args, { fileTimeout, env, verbose }) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const pid = child.pid ?? 0;
    groups.add(pid);
    let printed = "";
    let timedOut = false;
    const keep = (data) => {
      printed = (printed + data).slice(-20_000);
      if (verbose) process.stdout.write(data);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(pid);
    }, fileTimeout * 1000);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      endGroup(pid);
      groups.delete(pid);
      resolve({ code: code ?? signal ?? 1, printed, timedOut });
    });
  });
}
