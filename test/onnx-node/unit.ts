/** Many compiled models in one translation unit: the headers cost a compiler half a second, so they are read once for all. */

/** The long suites build as for a user; the others, which ask what code computes, in half of the time. */
export const quickBuilds = process.env["FUSIONSCOPE_LONG"] === undefined;

/** What comes before the three symbols of the `index`-th model. */
export const prefixOf = (index: number): string => `case_${index}_`;

/** Includes once, then the code of every model in a namespace, with entry points of its own. */
export function unitOf(texts: readonly string[]): string {
  const includes = new Set(texts.flatMap((text) => text.match(/^#include .*$/gm) ?? []));
  const names = ["fs_module_info", "fs_init", "fs_run"];
  const bodies = texts.map((text, i) => {
    const open = names.map((n) => `#define ${n} ${prefixOf(i)}${n}`);
    const close = names.map((n) => `#undef ${n}`);
    return [...open, `namespace case_${i} {`, text.replace(/^#include .*$/gm, ""), `}  // namespace case_${i}`, ...close].join("\n");
  });
  return [...includes, ...bodies].join("\n");
}
