/** The loop of an assembly text in which some of its lines spend their time. */

const label = /^(\.L\w+):/;
const jump = /^\s+j[a-z]+\s+(?:SHORT\s+)?(\.L\w+)/;

/**
 * Lines (from 1) of the longest innermost loop that has only instructions of `wanted`; those of `wanted` itself when there is no loop. Innermost: no
 * other loop inside. Longest: the main part of an unrolled loop, not what is left over.
 */
export function innerLoop(lines: readonly string[], wanted: ReadonlySet<number>): ReadonlySet<number> {
  const labels = new Map<string, number>();
  let best: readonly [number, number] | undefined;
  let lastEnd = -1;
  lines.forEach((line, i) => {
    const name = label.exec(line)?.[1];
    if (name !== undefined) labels.set(name, i);
    const start = labels.get(jump.exec(line)?.[1] ?? "");
    if (start === undefined) return;
    // A loop that ends inside of this one makes it an outer one.
    const isInner = lastEnd < start;
    lastEnd = i;
    if (!isInner || !within(lines, wanted, start, i)) return;
    if (best === undefined || i - start > best[1] - best[0]) best = [start, i];
  });
  if (best === undefined) return wanted;
  const [from, to] = best;
  return new Set(Array.from({ length: to - from + 1 }, (_, i) => from + i + 1));
}

const within = (lines: readonly string[], wanted: ReadonlySet<number>, from: number, to: number): boolean => {
  for (let i = from; i <= to; i += 1) if (!wanted.has(i + 1) && !/^\S/.test(lines[i] ?? "")) return false;
  return true;
};
