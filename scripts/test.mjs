// npm test: installs what is missing, builds, runs every suite, and ends with one line of counts. --help says how.
import { parseArgs } from "node:util";
import { missingNeeds, ensureSystemPackages, systemNeeds } from "./setup/debian-packages.mjs";
import { checkNode, ensureNodePackages } from "./setup/node-packages.mjs";
import { root, run, runScript, say, seconds, Stop } from "./setup/terminal.mjs";
import { bundleTests, prepareBundleFolder } from "./suites/bundle-tests.mjs";
import { checkPieces } from "./suites/checks.mjs";
import { selectSuites } from "./suites/discover.mjs";
import { runFile, runFiles } from "./suites/run-files.mjs";
import { runTogether } from "./suites/run-together.mjs";
import { Tally } from "./suites/tally.mjs";

const help = `npm test -- [FILTER...] [options]
  FILTER          a suite ("unit", "vscode"), or a part of a test file's path; several: any of them
  -t PATTERN      only tests whose name matches (regular expression)
  --list          the suites and their files
  --long          with *.long.test.ts: fuzzing, all models, timing, sanitizers
  --only-long     those alone
  --no-install    install nothing; exit code 4 if something is missing
  --skip-missing  install no system package; suites that need one are skipped with the reason
  --verbose       show what tests print, and their diagnostics
exit code 0: all passed; 1: a test failed; 2: wrong use; 4: something is missing on this machine`;

/** A file may take this many budgets of its suite before it counts as hanging. */
const patience = 1.5;

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        list: { type: "boolean" },
        long: { type: "boolean" },
        "only-long": { type: "boolean" },
        "no-install": { type: "boolean" },
        "skip-missing": { type: "boolean" },
        verbose: { type: "boolean" },
        name: { type: "string", short: "t" },
      },
    });
    /** @type {import("./suites/discover.mjs").Length} */
    const length = values["only-long"] ? "long" : values.long ? "all" : "short";
    return { ...values, length, long: length !== "short", filters: positionals.map((filter) => filter.replace(/^\.\//, "")) };
  } catch (error) {
    throw new Stop("usage", `${/** @type {Error} */ (error).message}; npm test -- --help`, 2);
  }
}

function list(suites) {
  for (const suite of suites) {
    const needs = suite.needs.length > 0 ? `, needs ${suite.needs.map((need) => systemNeeds[need].what).join(" and ")}` : "";
    say(`${suite.name}: ${suite.what} (budget ${suite.budget} s${needs})`);
    for (const file of suite.paths) say(`  ${file}`);
  }
}

/** Makes sure of everything the suites need. @returns {Promise<Map<object, string>>} suites to skip, with the reason */
async function prepare(suites, options) {
  checkNode();
  const noInstall = options["no-install"] ?? false;
  await ensureNodePackages({ noInstall });
  const withFiles = suites.filter((suite) => suite.checks || suite.paths.length > 0);
  const needs = new Set(withFiles.flatMap((suite) => suite.needs));
  const skipped = new Map();
  if (options["skip-missing"]) {
    for (const suite of withFiles) {
      const missing = missingNeeds(suite.needs);
      if (missing.length > 0) skipped.set(suite, `not installed: ${missing.map((need) => systemNeeds[need].what).join(", ")}`);
    }
  } else {
    await ensureSystemPackages(needs, { noInstall, otherwise: ", or add --skip-missing to run the other suites" });
  }
  return skipped;
}

async function build() {
  const { code } = await run(process.execPath, ["esbuild.mjs"], { cwd: root });
  return code === 0;
}

/** How the files of a suite are run. */
function fileOptions(suite, options) {
  return {
    concurrency: suite.concurrency,
    again: suite.again ?? false,
    fileTimeout: suite.budget * patience * (options.long ? 10 : 1),
    env: { ...suite.env, ...(options.long ? { FUSIONSCOPE_LONG: "1" } : {}) },
    name: options.name,
    verbose: options.verbose ?? false,
  };
}

/** What a suite is made of: each piece can run beside those of others. */
const piecesOf = (suite, outdir, options) =>
  suite.checks ? checkPieces(suite.checks) : suite.paths.map((file) => ({ run: () => runFile(file, outdir, fileOptions(suite, options)) }));

function tellEnd(suite, tally, used) {
  say(`${suite.name}: ${tally.line()}; ${seconds(used)} of ${suite.budget} s${used > suite.budget * 1000 ? ", OVER BUDGET" : ""}`);
}

/** Runs a suite that must not share the machine: it measures time, or drives a browser. */
async function runAlone(suite, tally, outdir, options) {
  const begun = performance.now();
  await runFiles(suite.paths, outdir, tally, fileOptions(suite, options));
  tellEnd(suite, tally, performance.now() - begun);
}

async function runAll(suites, skipped, options) {
  const started = performance.now();
  const files = [...new Set(suites.flatMap((suite) => suite.paths))];
  const outdir = prepareBundleFolder();
  const total = new Tally();
  if (!(await build())) total.fail("build");
  if (files.length > 0) await bundleTests(files, outdir);
  say(`built in ${seconds(performance.now() - started)}\n`);
  const rows = suites.filter((suite) => suite.checks || suite.paths.length > 0).map((suite) => ({ suite, tally: new Tally() }));
  for (const { suite, tally } of rows) {
    say(`${suite.name}: ${suite.what}, budget ${suite.budget} s`);
    if (skipped.has(suite)) tally.skip(suite.name, skipped.get(suite));
  }
  say();
  const asked = rows.filter(({ suite }) => !skipped.has(suite));
  // The long suites measure time: one after the other.
  const alone = ({ suite }) => suite.concurrency !== undefined || (options.long && !suite.checks);
  const together = asked.filter((row) => !alone(row));
  const servers = options["no-install"] ? undefined : installServers(asked.map(({ suite }) => suite));
  await runTogether(
    together.map(({ suite, tally }) => ({ suite, tally, pieces: piecesOf(suite, outdir, options) })),
    tellEnd,
  );
  await servers;
  const inTurn = asked.filter((row) => alone(row) && (options.long || !row.suite.vscode));
  for (const { suite, tally } of inTurn) await runAlone(suite, tally, outdir, options);
  // Each version of VS Code waits for windows most of the time: they do so beside each other.
  const inVscode = asked.filter((row) => alone(row) && !inTurn.includes(row));
  await Promise.all(inVscode.map(({ suite, tally }) => runAlone(suite, tally, outdir, options)));
  for (const { tally } of rows) total.add(tally);
  return { total, executedInVscode: rows.reduce((n, { suite, tally }) => n + (suite.vscode ? tally.executed : 0), 0) };
}

/** Puts the VS Code servers of these suites into the cache, one after the other, while other suites run; a suite whose server fails says why itself. */
async function installServers(suites) {
  const { ensureServer } = await import("./vscode/install-server.mjs");
  for (const { vscode } of suites) if (vscode) await ensureServer(vscode, { noInstall: false }).catch(() => undefined);
}

function summary(total, started) {
  say(`\ntotal time ${seconds(performance.now() - started)}`);
  if (total.skips.size > 0) {
    say("skipped:");
    for (const [why, names] of total.skips)
      say(`  ${names.length} x ${why} (${names.slice(0, 2).join("; ")}${names.length > 2 ? "; ..." : ""})`);
  }
  for (const name of total.repeated) say(`failed once, passed when run again: ${name}`);
  if (total.failures.length > 0) {
    say("failed:");
    for (const name of total.failures) say(`  ${name}`);
  }
  say(total.line());
}

async function main() {
  const started = performance.now();
  const options = readOptions();
  if (options.help) {
    say(help);
    return 0;
  }
  const suites = selectSuites(options.filters, options.length);
  if (options.list) {
    list(suites);
    return 0;
  }
  const skipped = await prepare(suites, options);
  const { total, executedInVscode } = await runAll(suites, skipped, options);
  const everything = options.filters.length === 0 && !options.name && !options["skip-missing"];
  if (everything && executedInVscode === 0) total.fail("vscode: no test ran in a real VS Code");
  summary(total, started);
  return total.failed === 0 ? 0 : 1;
}

await runScript(main);
