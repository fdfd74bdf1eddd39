/**
 * A compiled model to take away: a shared object, its constants, a C header, and a C program with a CMake file that run it without Fusionscope,
 * Node or ONNX Runtime.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { CppSource } from "../../codegen/index.ts";
import type { PlannedWeight } from "../../codegen/plan.ts";
import { asUserError, bug, userError } from "../../messages.ts";
import type { CompilationSummary } from "../../protocol/index.ts";
import { buildModule } from "../native-build.ts";
import { packageRoot } from "../package-root.ts";
import type { BuildSettings, BuiltCode } from "./build.ts";
import { exportHeader, exportLibrary, type WeightFile } from "./export-library.ts";
import { writeText } from "./emit.ts";

export interface ExportedModel {
  readonly folder: string;
  /** Names of its files. */
  readonly files: readonly string[];
  /** Size of weights.bin. */
  readonly weightBytes: number;
  /** How its shared object was made. */
  readonly build: Pick<BuiltCode, "sharedObject" | "hash" | "compiler" | "buildMs" | "cached">;
}

const listed = 4;
const alignment = 64;
const chunkBytes = 1 << 24;

/** Throws `export-holes` when a part of the model runs on ONNX Runtime: a library alone cannot. */
export function requireStandAlone({ unsupported, sources }: Pick<CompilationSummary, "unsupported" | "sources">): void {
  const rows = [...new Map(unsupported.map((u) => [u.node, u])).values()];
  if (rows.length === 0) return;
  const list = rows.slice(0, listed).map((u) => `${u.node} ${u.opType} (${u.reason})`);
  if (rows.length > listed) list.push(`and ${rows.length - listed} more`);
  userError("export-holes", {}, { what: `${rows.length} of ${sources.length} nodes are not compiled: ${list.join(", ")}` });
}

/**
 * Writes libmodel.so, model.h, weights.bin, main.c and CMakeLists.txt into `folder`, which is made if it is not there. The model's file is read for
 * its weights and must still be there.
 * @throws export-holes, file-unwritable, and what a build throws (see `buildCode`)
 */
export async function exportModel(
  source: CppSource,
  summary: Pick<CompilationSummary, "unsupported" | "sources">,
  folder: string,
  settings: BuildSettings = {},
): Promise<ExportedModel> {
  requireStandAlone(summary);
  const { plan, text, functions } = source;
  // Values that nothing here computes with, such as strings that are handed through, have no memory in a library either.
  const kept = [...plan.inputs, ...plan.outputs].find((t) => t.host !== undefined);
  if (kept !== undefined) userError("export-holes", {}, { what: `${kept.name} (${kept.dtype}) is not a tensor of numbers` });
  const at = (name: string): string => path.join(folder, name);
  const weights = attempt(folder, () => {
    fs.mkdirSync(folder, { recursive: true });
    return exportWeights(plan.weights, at("weights.bin"));
  });
  const built = await buildModule({
    sources: [
      { name: "model.cpp", text, functions },
      { name: "library.cpp", text: exportLibrary(plan, weights) },
    ],
    isa: plan.isa,
    // Nothing but the C library and libm has to be on the machine that runs it.
    link: ["-Wl,-soname,libmodel.so", "-Wl,--exclude-libs,ALL", "-static-libgcc", "-static-libstdc++"],
    fresh: settings.cache === false,
    signal: settings.signal,
    timeoutMs: settings.timeoutSeconds === undefined ? undefined : settings.timeoutSeconds * 1000,
  });
  const given = (name: string): string => path.join(packageRoot(), "native/export", name);
  attempt(folder, () => replaceFile(at("libmodel.so"), (draft) => fs.copyFileSync(built.so, draft)));
  writeText(at("model.h"), exportHeader(fs.readFileSync(given("model.h"), "utf8"), plan));
  for (const name of ["main.c", "CMakeLists.txt"]) writeText(at(name), fs.readFileSync(given(name), "utf8"));
  return {
    folder,
    files: ["libmodel.so", "weights.bin", "model.h", "main.c", "CMakeLists.txt"],
    weightBytes: weights.bytes,
    build: {
      sharedObject: path.resolve(at("libmodel.so")),
      hash: createHash("sha256").update(text).digest("hex"),
      compiler: `${built.toolchain.command} ${built.toolchain.version}`,
      buildMs: built.buildMs,
      cached: built.cached,
    },
  };
}

/** Under another name first: a program may run with the old file. */
function replaceFile(file: string, write: (draft: string) => void): void {
  const draft = `${file}.${process.pid}.part`;
  try {
    write(draft);
    fs.renameSync(draft, file);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** All weights one after the other, each at a multiple of 64 bytes, behind a mark made of their content. */
export function exportWeights(weights: readonly PlannedWeight[], file: string): WeightFile {
  const hash = createHash("sha256");
  const places: number[] = [];
  let end = alignment;
  let mark = "";
  replaceFile(file, (draft) => {
    const fd = fs.openSync(draft, "w");
    try {
      for (const w of weights) {
        places.push(end);
        hash.update(`${w.bytes}:`);
        const written = writePieces(fd, end, piecesOf(w), hash);
        if (written !== w.bytes) bug(`weight ${w.name} has ${written} bytes instead of ${w.bytes}`);
        end = Math.ceil((end + written) / alignment) * alignment;
      }
      mark = `fusionscope ${hash.digest("hex").slice(0, 40)}`.padEnd(alignment - 1) + "\n";
      fs.ftruncateSync(fd, end);
      writePieces(fd, 0, [Buffer.from(mark)]);
    } finally {
      fs.closeSync(fd);
    }
  });
  return { places, bytes: end, mark };
}

function writePieces(fd: number, at: number, pieces: Iterable<Uint8Array>, hash?: ReturnType<typeof createHash>): number {
  let done = 0;
  for (const piece of pieces) {
    hash?.update(piece);
    for (let i = 0; i < piece.length;) i += fs.writeSync(fd, piece, i, piece.length - i, at + done + i);
    done += piece.length;
  }
  return done;
}

/** The bytes of a weight, without holding large ones in memory. */
function* piecesOf({ name, range, inline }: PlannedWeight): Generator<Uint8Array> {
  if (range === undefined) return yield inline?.() ?? bug(`weight ${name} has no data`);
  const fd = fs.openSync(range.file, "r");
  try {
    for (let done = 0; done < range.length;) {
      const piece = Buffer.alloc(Math.min(chunkBytes, range.length - done));
      const got = fs.readSync(fd, piece, 0, piece.length, range.offset + done);
      if (got === 0) userError("file-unreadable", {}, { path: range.file, what: "it became shorter while it was read" });
      done += got;
      yield piece.subarray(0, got);
    }
  } finally {
    fs.closeSync(fd);
  }
}

/** Errors of the file system as coded ones. */
function attempt<T>(at: string, action: () => T): T {
  try {
    return action();
  } catch (e) {
    const { code, path: file } = e as NodeJS.ErrnoException;
    if (code === undefined) throw asUserError(e);
    return userError("file-unwritable", {}, { path: file ?? at, what: code }, e);
  }
}
