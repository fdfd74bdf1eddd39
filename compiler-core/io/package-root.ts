/** Where this package lies on disk: native sources and bundles are found from here, wherever the code was bundled to. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

let found: string | undefined;

/** The folder of our package.json. Found upwards from this module, because bundles lie in other folders than sources. */
export function packageRoot(): string {
  if (found !== undefined) return found;
  for (let dir = path.dirname(fileURLToPath(import.meta.url)); ; dir = path.dirname(dir)) {
    if (isOurs(path.join(dir, "package.json"))) return (found = dir);
    if (dir === path.dirname(dir)) throw new Error("the folder of the package was not found");
  }
}

/** The version in package.json. */
export function packageVersion(): string {
  const manifest = JSON.parse(fs.readFileSync(path.join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return manifest.version;
}

function isOurs(manifest: string): boolean {
  try {
    return (JSON.parse(fs.readFileSync(manifest, "utf8")) as { name?: unknown }).name === "fusionscope";
  } catch {
    return false;
  }
}
