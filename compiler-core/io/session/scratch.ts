/** A folder for the tensors that go to and from the runner; gone when closed, and when the process ends. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { userError } from "../../messages.ts";
import type { TensorFileRef } from "../../protocol/runner.ts";
import { fileBytes, fromFileBytes, type RunTensor } from "./run-value.ts";

const open = new Set<Scratch>();
process.on("exit", () => open.forEach((s) => s.close()));

/** Memory-backed where there is room: tensors are read once and then gone. */
const parent = (): string => (fs.existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir());

export class Scratch {
  readonly folder: string;
  private next = 0;

  constructor() {
    this.folder = guarded(parent(), () => fs.mkdtempSync(path.join(parent(), "fusionscope-")));
    open.add(this);
  }

  /** A path that is not used yet. */
  path(name: string): string {
    return path.join(this.folder, `${this.next++}-${name}`);
  }

  /** Writes bytes and returns the file's path. */
  write(name: string, bytes: Uint8Array): string {
    const file = this.path(name);
    guarded(file, () => fs.writeFileSync(file, bytes));
    return file;
  }

  /** A tensor as a file for the runner. */
  tensor(name: string, value: RunTensor): TensorFileRef {
    return { file: this.write("tensor.bin", fileBytes(value)), name, dtype: value.dtype, shape: value.shape };
  }

  /** Reads a tensor that the runner wrote. */
  read(file: string, dtype: string, shape: readonly number[]): RunTensor {
    return fromFileBytes(dtype, shape, new Uint8Array(guarded(file, () => fs.readFileSync(file))));
  }

  close(): void {
    open.delete(this);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

function guarded<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (e) {
    return userError("file-unwritable", {}, { path: file, what: (e as NodeJS.ErrnoException).code ?? "unknown reason" }, e);
  }
}
