// The library of ONNX Runtime that a package for one platform brings along. It comes from the npm package onnxruntime-node.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root, Stop } from "../setup/terminal.mjs";

const folder = "node_modules/onnxruntime-node";
/** Where the extension looks for it: compiler-core/io/ort-library.ts. */
const place = "dist/ort";

/**
 * @param {string} target as `linux-x64`
 * @returns {{ folder: string, library: string | undefined }} the npm package, and its newest library for the platform
 */
export function onnxRuntimeOf(target) {
  const bin = path.join(root, folder, "bin");
  const [platform = "", cpu = ""] = target.split("-");
  const versions = existsSync(bin) ? readdirSync(bin).filter((name) => /^napi-v\d+$/.test(name)) : [];
  const files = versions
    .sort((a, b) => Number(b.slice(6)) - Number(a.slice(6)))
    .map((name) => path.join(bin, name, platform, cpu, "libonnxruntime.so.1"));
  return { folder, library: files.find((file) => existsSync(file)) };
}

/** Puts the library where the package takes it from, with a list of files that names it. @param {string} target */
export function stageOnnxRuntime(target) {
  const { library } = onnxRuntimeOf(target);
  if (library === undefined) throw new Stop("onnxruntime-missing", `onnxruntime-node has no library for ${target}: npm install`, 1);
  const staged = path.join(root, place);
  mkdirSync(staged, { recursive: true });
  copyFileSync(library, path.join(staged, path.basename(library)));
  const ignoreFile = path.join(staged, ".vscodeignore");
  writeFileSync(ignoreFile, `${readFileSync(path.join(root, ".vscodeignore"), "utf8")}!${place}/${path.basename(library)}\n`);
  return { folder: staged, ignoreFile };
}
