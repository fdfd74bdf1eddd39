// npm run package: minified bundles, the licences of what is in them, and two packages: dist/fusionscope-VERSION.vsix, which has no native
// parts and is for every platform, and dist/fusionscope-linux-x64-VERSION.vsix, which brings ONNX Runtime along.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { onnxRuntimeOf, stageOnnxRuntime } from "./package/onnx-runtime.mjs";
import { checkNode, ensureNodePackages } from "./setup/node-packages.mjs";
import { root, run, runScript, say, Stop } from "./setup/terminal.mjs";

/** What a package without would be broken. */
const required = [
  "dist/extension.cjs",
  "dist/compiler-worker.cjs",
  "dist/webview.js",
  "dist/webview.css",
  "dist/elk-worker.js",
  "dist/cli.mjs",
];

/** Builds the minified bundles and the text of licences. @param {string | undefined} target platform of the package */
async function buildBundles(target) {
  const { build } = await import("esbuild");
  const { bundleOptions } = await import("./bundles/table.mjs");
  const { noticesText, packagesOf } = await import("./package/notices.mjs");
  /** @type {Set<string>} */
  const inputs = new Set();
  const built = await Promise.all(bundleOptions({ minify: true, inputs }).map((options) => build({ ...options, metafile: true }))).catch(
    () => {
      throw new Stop("build-failed", "the build failed: see above", 1);
    },
  );
  for (const { metafile } of built) for (const file of Object.keys(metafile?.inputs ?? {})) inputs.add(file);
  const missing = required.filter((file) => !existsSync(path.join(root, file)));
  if (missing.length > 0) throw new Stop("not-built", `the build has no ${missing.join(", ")}`, 1);
  const along = target === undefined ? [] : [onnxRuntimeOf(target).folder];
  writeFileSync(path.join(root, "dist/THIRD-PARTY-NOTICES.txt"), noticesText([...packagesOf(inputs), ...along]));
}

/**
 * Builds a VSIX. @param {string} [target] platform whose native parts it brings, as `linux-x64`; without, it has none and is for all
 * @returns {Promise<string>} its path
 */
export async function buildPackage(target) {
  await buildBundles(target);
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  const file = `dist/fusionscope-${target === undefined ? "" : `${target}-`}${version}.vsix`;
  const staged = target === undefined ? undefined : stageOnnxRuntime(target);
  try {
    const vsce = path.join(root, "node_modules/@vscode/vsce/vsce");
    const args = [vsce, "package", "--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links", "--out", file];
    const platform = staged === undefined ? [] : ["--target", target ?? "", "--ignoreFile", staged.ignoreFile];
    const { code, output } = await run(process.execPath, [...args, ...platform], { quiet: true });
    if (code !== 0) throw new Stop("package-failed", output.trim(), 1);
  } finally {
    if (staged !== undefined) rmSync(staged.folder, { recursive: true, force: true });
  }
  return path.join(root, file);
}

/** @param {string} file */
const sizeOf = (file) => `${path.relative(root, file)}: ${(statSync(file).size / 1e6).toFixed(2)} MB`;

if (process.argv[1] === import.meta.filename) {
  await runScript(async () => {
    checkNode();
    await ensureNodePackages({ noInstall: process.argv.includes("--no-install") });
    say(sizeOf(await buildPackage()));
    if (onnxRuntimeOf("linux-x64").library === undefined) say("no package for linux-x64: onnxruntime-node is not installed");
    else say(sizeOf(await buildPackage("linux-x64")));
    for (const name of readdirSync(path.join(root, "dist"))) {
      if (required.includes(`dist/${name}`)) say(`  ${sizeOf(path.join(root, "dist", name))}`);
    }
    return 0;
  });
}
