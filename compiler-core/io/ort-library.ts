/** The shared library of ONNX Runtime: of the extension's package for this platform, or of the optional package onnxruntime-node. */
import fs from "node:fs";
import path from "node:path";
import { environment } from "./environment.ts";
import { packageRoot } from "./package-root.ts";

/** Where a package of the extension for one platform has it (scripts/package.mjs). */
const packaged = "dist/ort/libonnxruntime.so.1";

/** $FUSIONSCOPE_ORT, else the library that came with the extension or with the package for this platform; undefined when there is none. */
export function findOrtLibrary(): string | undefined {
  const own = environment("FUSIONSCOPE_ORT");
  if (own !== undefined) return path.resolve(own);
  const along = path.join(packageRoot(), packaged);
  if (fs.existsSync(along)) return along;
  for (let dir = packageRoot(); ; dir = path.dirname(dir)) {
    const found = inPackage(path.join(dir, "node_modules", "onnxruntime-node", "bin"));
    if (found !== undefined || dir === path.dirname(dir)) return found;
  }
}

/** bin/napi-vN/linux/x64/libonnxruntime.so.1, the newest N. */
function inPackage(bin: string): string | undefined {
  const versions = fs.existsSync(bin) ? fs.readdirSync(bin).filter((v) => /^napi-v\d+$/.test(v)) : [];
  return versions
    .sort((a, b) => Number(b.slice(6)) - Number(a.slice(6)))
    .map((v) => path.join(bin, v, process.platform, process.arch, "libonnxruntime.so.1"))
    .find((file) => fs.existsSync(file));
}
