/** Files as byte sources: ranged synchronous reads, any size. */
import fs from "node:fs";
import { userError } from "../messages.ts";
import type { ByteSink, ByteSource } from "../onnx/byte-source.ts";

/** A byte source over an open file. */
export interface FileSource extends ByteSource {
  readonly path: string;
  close(): void;
}

/** Reads shorter than this are served from a window that is read ahead. */
const aheadBytes = 64 * 1024;

/** Opens a regular file. Throws `file-unreadable`. The file must not shrink while it is open: a short read is `file-unreadable` too. */
export function openFileSource(path: string): FileSource {
  const fd = attempt(path, () => fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK));
  const stat = attempt(path, () => fs.fstatSync(fd));
  if (!stat.isFile()) {
    fs.closeSync(fd);
    userError("file-unreadable", {}, { path, what: stat.isDirectory() ? "it is a folder" : "it is not a regular file" });
  }
  const { size } = stat;
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  const read = (offset: number, length: number): Uint8Array => {
    const at = offset - windowStart;
    if (at >= 0 && at + length <= window.length) return window.subarray(at, at + length);
    if (length >= aheadBytes) return readRange(fd, path, offset, length);
    window = readRange(fd, path, offset, Math.min(aheadBytes, Math.max(length, size - offset)));
    windowStart = offset;
    return window.subarray(0, length);
  };
  return { path, size, read, close: closeOnce(fd) };
}

function readRange(fd: number, path: string, offset: number, length: number): Uint8Array {
  const bytes = attempt(path, () => new Uint8Array(length));
  // One read call is limited to 2 GiB - 4 KiB by the system.
  for (let done = 0; done < length;) {
    const got = attempt(path, () => fs.readSync(fd, bytes, done, Math.min(length - done, 2 ** 30), offset + done));
    if (got === 0)
      userError("file-unreadable", { file: path, offset: offset + done }, { path, what: "it became shorter while it was read" });
    done += got;
  }
  return bytes;
}

/** Closing twice must not close a file that has taken the number since. */
function closeOnce(fd: number): () => void {
  let isOpen = true;
  return () => {
    if (isOpen) fs.closeSync(fd);
    isOpen = false;
  };
}

/** A sink that writes a new file (an old one is replaced). */
export function createFileSink(path: string): ByteSink & { close(): void } {
  const fd = attempt(path, () => fs.openSync(path, "w"));
  const write = (bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length;) done += fs.writeSync(fd, bytes, done, bytes.length - done);
  };
  return { write, close: closeOnce(fd) };
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ELOOP: "too many links",
};

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const what = error instanceof RangeError ? "a piece of it does not fit into memory" : (reasons[code] ?? code);
    return userError("file-unreadable", {}, { path, what }, error);
  }
}
