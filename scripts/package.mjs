// npm run package: minified bundles, the licences of what is in them, and dist/fusionscope-VERSION.vsix.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { checkNode, ensureNodePackages } from "./setup/node-packages.mjs";
import { root, run, runScript, say, Stop } from "./setup/terminal.mjs";

/** What a package without would be broken. */
const required = ["dist/extension.cjs", "dist/compiler-worker.cjs", "dist/webview.js", "dist/cli.mjs"];

/** Builds the VSIX. @returns {Promise<string>} its path */
export async function buildPackage() {
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
  writeFileSync(path.join(root, "dist/THIRD-PARTY-NOTICES.txt"), noticesText(packagesOf(inputs)));
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  const file = `dist/fusionscope-${version}.vsix`;
  const vsce = path.join(root, "node_modules/@vscode/vsce/vsce");
  const args = [vsce, "package", "--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links", "--out", file];
  const { code, output } = await run(process.execPath, args, { quiet: true });
  if (code !== 0) throw new Stop("package-failed", output.trim(), 1);
  return path.join(root, file);
}

if (process.argv[1] === import.meta.filename) {
  await runScript(async () => {
    checkNode();
    await ensureNodePackages({ noInstall: process.argv.includes("--no-install") });
    const file = await buildPackage();
    say(`${path.relative(root, file)}: ${(statSync(file).size / 1e6).toFixed(1)} MB`);
    return 0;
  });
}
