// The suites of `npm test`, in order: what each promises, its time budget on 2 cores, and what it needs from the system.
// Every *.test.ts belongs to the first suite whose `files` matches its path. A folder of test/ that is not named here is a
// suite of its own, with the defaults of `folderSuite`.

/** @typedef {import("../scripts/setup/debian-packages.mjs").Need} Need */
/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} what it checks
 * @property {number} budget seconds
 * @property {Need[]} needs
 * @property {"types" | "style" | undefined} [checks] commands instead of test files
 * @property {RegExp} [files]
 * @property {number} [concurrency] how many of its files run at once, with nothing beside them and after the others: 1 for what measures time or opens
 *   windows of VS Code; without it, files run beside those of other suites
 * @property {boolean} [again] a file that fails is run once more: for suites that drive a browser, which a busy machine makes late
 * @property {string} [vscode] version of the VS Code server to run in
 * @property {Record<string, string>} [env]
 */

/** @type {Suite[]} */
export const first = [
  { name: "types", what: "tsc, one run per layer", budget: 60, needs: [], checks: "types" },
  { name: "style", what: "eslint and prettier", budget: 60, needs: [], checks: "style" },
  { name: "tidy", what: "layers, file sizes, names", budget: 10, needs: [], files: /^test\/tidy\.test\.ts$/ },
  { name: "unit", what: "tests beside the code", budget: 60, needs: [], files: /^(?!test\/)/ },
];

/** Suites in folders of test/ that need other than the defaults. @type {Record<string, Partial<Suite>>} */
export const folders = {
  codegen: { what: "generated code against the evaluator, for every instruction set here", budget: 90 },
  kernels: { what: "native microkernels against their scalar meaning", budget: 60 },
  fuzz: { what: "random graphs through passes, loops, native code and ONNX Runtime; a sweep of sizes", budget: 90 },
  "onnx-node": { what: "the ONNX project's operator cases", budget: 90 },
  "onnx-ops": { what: "ONNX operator cases and models through the importer, the evaluator and the graph passes", budget: 90, needs: [] },
  "graph-passes": { what: "goldens of the graph passes", budget: 15, needs: [] },
  models: { what: "whole models against ONNX Runtime and stored outputs", budget: 120 },
  docs: { what: "generated pages in step with the registries", budget: 10, needs: [] },
  scripts: { what: "npm start, npm test and the launcher", budget: 30, needs: [] },
  desktop: { what: "the extension in a desktop VS Code, where one is given", budget: 60, needs: [], concurrency: 1 },
  extension: { what: "the extension's manifest against its code", budget: 10, needs: [] },
  cli: { what: "the command's contract", budget: 90 },
  errors: { what: "one sample per error code", budget: 60 },
};

/** @param {string} name @returns {Suite} */
export function folderSuite(name) {
  const files = new RegExp(`^test/${name}(/|\\.(long\\.)?test\\.ts$)`);
  return { name, what: `test/${name}`, budget: 30, needs: ["compiler"], files, ...folders[name] };
}

/** The versions that the editor is tested with: the oldest supported one and a new one. */
export const vscodeVersions = [
  { server: "4.100.0", vscode: "1.100" },
  { server: "4.139.1", vscode: "1.139" },
];

/** @type {Suite[]} */
export const last = [
  {
    name: "webview-times",
    what: "how fast the page answers, in Chromium",
    budget: 60,
    needs: ["chromium"],
    files: /^test\/webview\/(speed|stepping|frames)\./,
    concurrency: 1,
    again: true,
  },
  {
    name: "webview",
    what: "the page alone, in Chromium",
    budget: 120,
    needs: ["chromium"],
    files: /^test\/webview\/(?!(speed|stepping|frames)\.)/,
    concurrency: 3, // each waits for its browser half of the time
    again: true,
  },
  ...vscodeVersions.map(({ server, vscode }) => ({
    name: `vscode-${vscode}`,
    what: `the extension in VS Code ${vscode}`,
    budget: 180,
    needs: /** @type {Need[]} */ (["chromium"]),
    files: /^test\/vscode\//,
    concurrency: 1,
    again: true,
    vscode: server,
    env: { FUSIONSCOPE_VSCODE: server },
  })),
];
