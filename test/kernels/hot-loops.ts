/** Finds the hot loops of kernels in a disassembly and counts what must not be in them: traffic with the stack. */

export interface HotLoop {
  readonly symbol: string;
  /** Instructions in the loop. */
  readonly length: number;
  /** Vector multiply-adds (or tile products) among them. */
  readonly multiplyAdds: number;
  /** Widest registers that the multiply-adds work on: tmm, zmm, ymm or xmm. */
  readonly registers: string;
  /** Vector registers moved to or from the stack, or copied to general registers and back (g++ keeps addresses there). */
  readonly spills: readonly string[];
  /** Of the spills, those that read a place which the loop does not write: constants for which there was no register. */
  readonly constants: number;
}

interface Instruction {
  readonly address: number;
  readonly text: string;
}

const multiplyAdd = /^(vfn?madd|vpdpbusd|vdpbf16ps|vpmaddwd|tdp)/;
const jump = /^j[a-z]+\s+([0-9a-f]+)/;
const spill = /^v\w+.*\((%rsp|%rbp)|^v\w+.*(%rsp|%rbp)[,)]|^vmov[dq]\s+.*%xmm\d+,%[re]|^vmov[dq]\s+%[re].*xmm/;
const stackPlace = /(-?0x[0-9a-f]+)?\(%r[sb]p\)/;

/**
 * The innermost loops with at least `least` multiply-adds, of the text of `objdump -d --no-show-raw-insn` (AT&T syntax).
 * A loop is what lies between a backward jump and its target.
 */
export function hotLoops(disassembly: string, least = 6): HotLoop[] {
  return functionsOf(disassembly).flatMap(({ symbol, body }) => loopsOf(symbol, body, least));
}

function functionsOf(text: string): { readonly symbol: string; readonly body: readonly Instruction[] }[] {
  const all: { symbol: string; body: Instruction[] }[] = [];
  for (const line of text.split("\n")) {
    const head = /^[0-9a-f]+ <(.*)>:$/.exec(line);
    if (head !== null) all.push({ symbol: head[1] ?? "", body: [] });
    const instruction = /^\s*([0-9a-f]+):\s+(\S.*)$/.exec(line);
    if (instruction !== null) all.at(-1)?.body.push({ address: parseInt(instruction[1] ?? "", 16), text: (instruction[2] ?? "").trim() });
  }
  return all;
}

function loopsOf(symbol: string, body: readonly Instruction[], least: number): HotLoop[] {
  const spans: { readonly from: number; readonly to: number }[] = [];
  body.forEach(({ address, text }, to) => {
    const target = parseInt(jump.exec(text)?.[1] ?? "", 16);
    if (!(target <= address)) return;
    const from = body.findIndex((i) => i.address === target);
    if (from >= 0) spans.push({ from, to });
  });
  const innermost = spans.filter((a) => !spans.some((b) => b !== a && b.from >= a.from && b.to <= a.to));
  return innermost
    .map(({ from, to }) =>
      loopOf(
        symbol,
        body.slice(from, to + 1).map((i) => i.text),
      ),
    )
    .filter((loop) => loop.multiplyAdds >= least);
}

function loopOf(symbol: string, texts: readonly string[]): HotLoop {
  const products = texts.filter((t) => multiplyAdd.test(t));
  const spills = texts.filter((t) => spill.test(t));
  // In AT&T order the destination is last.
  const written = new Set(texts.filter((t) => /\)$/.test(t)).map((t) => stackPlace.exec(t)?.[0]));
  const isConstant = (t: string): boolean => {
    const place = stackPlace.exec(t)?.[0];
    return place !== undefined && !/\)$/.test(t) && !written.has(place);
  };
  return {
    symbol,
    length: texts.length,
    multiplyAdds: products.length,
    registers: ["tmm", "zmm", "ymm", "xmm"].find((r) => products.some((t) => t.includes(`%${r}`))) ?? "none",
    spills,
    constants: spills.filter(isConstant).length,
  };
}
