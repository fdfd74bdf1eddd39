/** Names of the native library in generated C++. */

/** The function of the native library that a position of a line of C++ names: `fs::gemm_f32` without its namespace. Columns count from 0. */
export function nativeNameAt(line: string, column: number): string | undefined {
  for (const match of line.matchAll(/\bfs::(\w+)/g)) if (column >= match.index && column <= match.index + match[0].length) return match[1];
  return undefined;
}

/** What a line of generated C++ calls of the native library, the first one first. */
export const nativeCalls = (line: string): readonly string[] =>
  [...line.matchAll(/\bfs::(\w+)\s*(?:<[^;]*?>)?\(/g)].map(([, name]) => name ?? "");
