/** Instructions of a shared object with their lines, through objdump. */
import { execFile } from "node:child_process";
import path from "node:path";
import { attachKernelCalls, parseDisassembly, placeFunctions, type AsmInstruction, type PlacedFunction } from "../codegen/asm-map.ts";
import type { HeaderPlaces } from "../codegen/assembly.ts";
import { headerPlaces, instructionsOfLines } from "../codegen/header-places.ts";

const objdump = (args: readonly string[]): Promise<string | { readonly why: string }> =>
  new Promise((resolve) => {
    execFile("objdump", [...args], { encoding: "utf8", maxBuffer: 2 ** 29, timeout: 120_000 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else
        resolve({
          why:
            error.code === "ENOENT"
              ? "objdump is not installed: apt-get install binutils"
              : `objdump failed: ${error.message.split("\n")[0] ?? ""}`,
        });
    });
  });

/** All instructions, with the line of the generated C++ (whose file is `source` and whose text is `cpp`) that each belongs to. `functions`: those of `cpp`. */
export async function disassemble(
  sharedObject: string,
  source: string,
  cpp: string,
  functions: readonly PlacedFunction[],
): Promise<readonly AsmInstruction[] | { readonly why: string }> {
  const text = await objdump(["-d", "-l", "--inlines", "--no-show-raw-insn", "-M", "intel", "-C", sharedObject]);
  if (typeof text !== "string") return text;
  const name = path.basename(source);
  return attachKernelCalls(placeFunctions(parseDisassembly(text, name), name, functions), cpp, functions);
}

/** What the disassembler knows of each line of a build's readable assembly. */
export interface AssemblyPlaces {
  /** Where in the headers each line comes from; absent when none does. */
  readonly headers?: HeaderPlaces;
  /** Where its instruction lies in the shared object; 0: no instruction, or not known. */
  readonly addresses: Int32Array;
}

/** Places of lines of readable assembly (with mangled names); undefined where there is no disassembler. */
export async function placesOfAssembly(
  sharedObject: string,
  source: string,
  lines: readonly string[],
): Promise<AssemblyPlaces | undefined> {
  const text = await objdump(["-d", "-l", "--inlines", "--no-show-raw-insn", "-M", "intel", sharedObject]);
  if (typeof text !== "string") return undefined;
  const name = path.basename(source);
  const found = instructionsOfLines(lines, parseDisassembly(text, name));
  const headers = headerPlaces(lines, found, name);
  const addresses = Int32Array.from(lines, (_, i) => found.get(i)?.address ?? 0);
  return { ...(headers === undefined ? {} : { headers }), addresses };
}

/** Texts of all instructions in AT&T syntax by address, as other tools read them. */
export async function attTexts(sharedObject: string): Promise<ReadonlyMap<number, string> | { readonly why: string }> {
  const text = await objdump(["-d", "--no-show-raw-insn", sharedObject]);
  return typeof text === "string" ? new Map(parseDisassembly(text, "").map((i) => [i.address, i.text])) : text;
}
