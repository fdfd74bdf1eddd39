// Builds every bundle into dist/: node esbuild.mjs [--watch] [--minify]
// The table of bundles is scripts/bundles/table.mjs.
import { build, context } from "esbuild";
import { bundleOptions } from "./scripts/bundles/table.mjs";

const flags = new Set(process.argv.slice(2));
const unknown = [...flags].filter((flag) => !["--watch", "--minify"].includes(flag));
if (unknown.length > 0) {
  console.error(`error[usage]: unknown option ${unknown.join(" ")}; use node esbuild.mjs [--watch] [--minify]`);
  process.exit(2);
}

const all = bundleOptions({ minify: flags.has("--minify") });
if (flags.has("--watch")) {
  for (const options of all) await (await context({ ...options, logLevel: "info" })).watch();
} else {
  const started = performance.now();
  const results = await Promise.allSettled(all.map((options) => build(options)));
  const failed = results.filter((result) => result.status === "rejected").length;
  console.error(`built ${all.length - failed} of ${all.length} bundles in ${Math.round(performance.now() - started)} ms`);
  process.exitCode = failed === 0 ? 0 : 1;
}
