// Finds the test files and sorts them into suites; applies the filters of the command line.
import { readdirSync } from "node:fs";
import path from "node:path";
import { first, folderSuite, last } from "../../test/suites.mjs";
import { root, Stop } from "../setup/terminal.mjs";

/** @typedef {import("../../test/suites.mjs").Suite} Suite */

const notSources = new Set(["node_modules", "dist", "build", "test-results"]);

/** Every *.test.ts, relative to the root, sorted. @returns {string[]} */
export function testFiles(folder = "") {
  const found = [];
  for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !entry.name.startsWith(".") && !notSources.has(entry.name)) found.push(...testFiles(name));
    else if (entry.name.endsWith(".test.ts")) found.push(name);
  }
  return found.sort();
}

/** Which files count. @typedef {"short" | "all" | "long"} Length */
const isLong = (file) => file.endsWith(".long.test.ts");
/** @type {Record<Length, (file: string) => boolean>} */
const ofLength = { short: (file) => !isLong(file), all: () => true, long: isLong };

/** All suites in order, each with its files. @param {Length} length @returns {(Suite & { paths: string[] })[]} */
export function allSuites(length) {
  const files = testFiles().filter(ofLength[length]);
  const named = [...first, ...last];
  const rest = files.filter((file) => !named.some((suite) => suite.files?.test(file)));
  const inFolders = new Set(rest.map((file) => (file.split("/")[1] ?? "").replace(/(\.long)?\.test\.ts$/, "")));
  const suites = [...first, ...[...inFolders].sort().map(folderSuite), ...last];
  return suites.map((suite) => ({ ...suite, paths: files.filter((file) => suite.files?.test(file)) }));
}

/**
 * The suites that the filters ask for: a suite's name ("vscode" stands for every "vscode-..."), else a part of a file's path.
 * @param {string[]} filters none: everything @param {Length} length
 */
export function selectSuites(filters, length) {
  const all = allSuites(length).filter((suite) => length !== "long" || suite.paths.length > 0);
  if (filters.length === 0) return all;
  const named = (suite, filter) => suite.name === filter || suite.name.startsWith(`${filter}-`);
  const names = new Set(filters.filter((filter) => all.some((suite) => named(suite, filter))));
  const parts = filters.filter((filter) => !names.has(filter));
  const lost = parts.filter((part) => !all.some((suite) => suite.paths.some((file) => file.includes(part))));
  if (lost.length > 0) {
    throw new Stop("usage", `no suite and no test file matches ${lost.join(", ")}; npm test -- --list shows them`, 2);
  }
  const chosen = [];
  for (const suite of all) {
    const whole = [...names].some((name) => named(suite, name));
    const paths = whole ? suite.paths : suite.paths.filter((file) => parts.some((part) => file.includes(part)));
    if (whole || paths.length > 0) chosen.push({ ...suite, paths });
  }
  return chosen;
}
