/** Names of C++ functions as people write them, through c++filt of the binutils. */
import { spawn } from "node:child_process";

const mostSeconds = 30;

/** @returns the lines with their symbols demangled, without types of parameters; the same lines where c++filt is missing or fails */
export function demangled(lines: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const child = spawn("c++filt", ["-p"], { stdio: ["pipe", "pipe", "ignore"] });
    // Not the option of spawn: its clock goes on, and holds the process, where there is no such program.
    const clock = setTimeout(() => child.kill(), mostSeconds * 1000);
    const parts: Buffer[] = [];
    child.on("error", () => {
      clearTimeout(clock);
      resolve(lines);
    });
    child.stdin.on("error", () => undefined); // it ended early: then its answer is short
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    child.on("close", () => {
      clearTimeout(clock);
      const out = Buffer.concat(parts).toString("utf8").split("\n");
      resolve(out.length === lines.length ? out : lines);
    });
    child.stdin.end(lines.join("\n"));
  });
}
