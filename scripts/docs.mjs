// npm run docs: writes the generated pages of docs/ from the registries they describe.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { testOptions } from "./bundles/table.mjs";
import { root, runScript, say, Stop } from "./setup/terminal.mjs";

const source = "compiler-core/cli/docs.ts";

await runScript(async () => {
  await build({ ...testOptions([source], "dist"), splitting: false }).catch(() => {
    throw new Stop("build-failed", "the build failed: see above", 1);
  });
  const { documentationPages } = await import(pathToFileURL(path.join(root, "dist", source.replace(/\.ts$/, ".mjs"))).href);
  for (const { name, text } of documentationPages()) {
    const file = path.join(root, "docs", name);
    if (text === current(file)) continue;
    writeFileSync(file, text);
    say(`docs/${name} written`);
  }
  return 0;
});

/** @param {string} file */
function current(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // a new page
  }
}
