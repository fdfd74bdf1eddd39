/** Entry of the command: connects `main` to this process. */
import fs from "node:fs";
import { main } from "./cli/main.ts";
import { packageVersion } from "./io/package-root.ts";

const cancel = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => {
    cancel.abort();
    // A second signal, or work that does not listen, ends the process the usual way.
    setTimeout(() => process.exit(130), 2000).unref();
  });
}

// Written synchronously: a pipe must hold the whole text when the process ends, and a closed one (`| head`) is no error.
function write(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs.writeSync(fd, bytes, done);
    } catch (e) {
      const code = (e as NodeJS.ErrnoException).code;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw e;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => write(1, text),
  err: (text) => write(2, text),
  signal: cancel.signal,
  version: packageVersion(),
});
