/** Many compiled models in one translation unit: the headers cost a compiler half a second, so they are read once for all. */

/** What comes before the three symbols of the `index`-th model. */
export const prefixOf = (index: number): string => `case_${index}_`;

const defines = /^#define .*$/gm;
const includes = /^#include .*$/gm;

/** Defines and includes once, then the code of every model in a namespace, with entry points of its own. */
export function unitOf(texts: readonly string[]): string {
  const head = [defines, includes].flatMap((lines) => [...new Set(texts.flatMap((text) => text.match(lines) ?? []))]);
  const names = ["fs_module_info", "fs_init", "fs_run"];
  const bodies = texts.map((text, i) => {
    const open = names.map((n) => `#define ${n} ${prefixOf(i)}${n}`);
    const close = names.map((n) => `#undef ${n}`);
    const own = text.replace(includes, "").replace(defines, "");
    return [...open, `namespace case_${i} {`, own, `}  // namespace case_${i}`, ...close].join("\n");
  });
  return [...head, ...bodies].join("\n");
}
