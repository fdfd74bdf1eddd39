// Bundles test files for a run: one esbuild call for all of them.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { root } from "../setup/terminal.mjs";

const bundleFolder = "dist/test";

/** Where this run's bundles go: its own folder, so that runs at the same time do not meet. Left-overs of ended runs are removed. */
export function prepareBundleFolder() {
  const folder = path.join(root, bundleFolder);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (!isAlive(Number(name))) rmSync(path.join(folder, name), { recursive: true, force: true });
  }
  const own = `${bundleFolder}/${process.pid}`;
  process.on("exit", () => rmSync(path.join(root, own), { recursive: true, force: true }));
  return own;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}

/**
 * Bundles the files into `outdir`. If one cannot be bundled its errors are printed and the others still are.
 * @param {string[]} files @param {string} outdir relative to the root
 */
export async function bundleTests(files, outdir) {
  const { build } = await import("esbuild");
  const { testOptions } = await import("../bundles/table.mjs");
  try {
    await build(testOptions(files, outdir));
  } catch {
    for (const file of files) await build({ ...testOptions([file], outdir), splitting: false, logLevel: "silent" }).catch(() => undefined);
  }
}
