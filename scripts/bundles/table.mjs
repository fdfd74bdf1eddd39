// What is built from which entry. An entry that does not exist is left out of the build.
import { existsSync } from "node:fs";
import path from "node:path";
import { root } from "../setup/terminal.mjs";
import { textImports } from "./text-imports.mjs";

/** In CommonJS there is no import.meta; bundled modules find their own file by it. */
const importMetaForCommonJs = {
  banner: { js: 'const __importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
  define: { "import.meta.url": "__importMetaUrl", "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
};

/** In ES modules there is no require; bundled CommonJS packages call it for Node's own modules. */
const requireForEsModules = {
  banner: { js: 'import { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);' },
};

/** @type {import("esbuild").BuildOptions} */
const nodeModule = { platform: "node", target: "node20", format: "esm", ...requireForEsModules };
/** @type {import("esbuild").BuildOptions} */
const commonJs = { platform: "node", target: "node20", format: "cjs", ...importMetaForCommonJs };
/** @type {import("esbuild").BuildOptions} */
const page = { platform: "browser", target: "es2022", format: "iife" };

/** @type {{ name: string, entry: string, outfile: string, options: import("esbuild").BuildOptions }[]} */
export const bundles = [
  { name: "command", entry: "compiler-core/cli.ts", outfile: "dist/cli.mjs", options: nodeModule },
  { name: "extension", entry: "extension/extension.ts", outfile: "dist/extension.cjs", options: commonJs },
  { name: "compiler worker", entry: "extension/compiler-worker.ts", outfile: "dist/compiler-worker.cjs", options: commonJs },
  { name: "page", entry: "webview/main.ts", outfile: "dist/webview.js", options: page },
  // Asked for by the page when a picture would gain by it: most never need it, and it is three times as big as the rest of the page.
  { name: "ELK", entry: "node_modules/elkjs/lib/elk-worker.min.js", outfile: "dist/elk-worker.js", options: { loader: { ".js": "copy" } } },
  { name: "extension host tests", entry: "test/vscode/host/index.ts", outfile: "dist/vscode-host-tests.cjs", options: commonJs },
];

/** Modules that exist only at run time, or not at all on some machines. */
const external = ["vscode", "mocha", "onnxruntime-node"];

/** Files that a page takes along as text or data. @type {Record<string, import("esbuild").Loader>} */
const loader = { ".svg": "text", ".md": "text", ".ttf": "dataurl", ".woff": "dataurl", ".woff2": "dataurl", ".png": "dataurl" };

/**
 * esbuild options of every bundle whose entry exists.
 * @param {{ minify?: boolean, inputs?: Set<string> }} options @returns {import("esbuild").BuildOptions[]}
 */
export function bundleOptions(options = {}) {
  const present = bundles.filter((bundle) => existsSync(path.join(root, bundle.entry)));
  return present.map((bundle) => ({
    ...common(options),
    ...bundle.options,
    entryPoints: [bundle.entry],
    outfile: bundle.outfile,
    external,
    minify: options.minify ?? false,
    sourcemap: options.minify ? false : "linked",
    legalComments: options.minify ? "none" : "inline",
  }));
}

/**
 * esbuild options of test files: one call, common chunks split off, packages left in node_modules.
 * Stack traces point into the sources (run with --enable-source-maps).
 * @param {string[]} files relative to the root @param {string} outdir relative to the root @returns {import("esbuild").BuildOptions}
 */
export function testOptions(files, outdir) {
  return {
    ...common({}),
    platform: "node",
    target: "node20",
    format: "esm",
    ...requireForEsModules,
    entryPoints: files,
    outdir,
    outbase: ".",
    outExtension: { ".js": ".mjs" },
    splitting: true,
    packages: "external",
    // The extension's own files run in tests, too; there is no such package.
    alias: { vscode: "./test/extension/mock/vscode.ts" },
    sourcemap: "inline",
  };
}

/** @param {{ minify?: boolean, inputs?: Set<string> }} options @returns {import("esbuild").BuildOptions} */
function common(options) {
  return { absWorkingDir: root, bundle: true, loader, plugins: [textImports(options)], logLevel: "warning", charset: "utf8" };
}
