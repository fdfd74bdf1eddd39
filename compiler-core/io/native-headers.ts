/** The headers of the native library that generated code calls, as they lie in the package. */
import fs from "node:fs";
import path from "node:path";
import type { Headers } from "../codegen/native-source.ts";
import { packageRoot } from "./package-root.ts";

const folders = ["kernels", "math", "simd", "runtime"];

let read: Headers | undefined;

/** Texts of all headers by their path below `native`, read once; without those that only tests use. Kernels come first. */
export function nativeHeaders(): Headers {
  const root = path.join(packageRoot(), "native");
  read ??= new Map(
    folders.flatMap((folder) =>
      (fs.readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" }) as string[])
        .map((file) => path.posix.join(folder, file.replaceAll(path.sep, "/")))
        .filter((file) => /\.(?:h|hpp)$/.test(file) && !/_ref\.hpp$|\/testing\//.test(file))
        .sort()
        .map((file) => [file, fs.readFileSync(path.join(root, file), "utf8")] as const),
    ),
  );
  return read;
}
