/** What sets two compilations of one model apart, in the words of the command line. Pure text. */
import type { PanelOptions } from "#protocol";

/** What one side says about an option in which the two differ. */
const words: { readonly [K in keyof PanelOptions]: (options: PanelOptions) => string } = {
  isa: ({ isa }) => `isa ${isa}`,
  threads: ({ threads }) => (threads === 1 ? "1 thread" : `${threads} threads`),
  precision: ({ precision }) => precision,
  dims: ({ dims }) =>
    list(
      "",
      Object.entries(dims).map(([name, extent]) => `${name} = ${extent}`),
    ) || "default dimensions",
  without: ({ without }) => list("without ", without) || "with every pass",
  force: ({ force }) =>
    list(
      "force ",
      force.map((pair) => pair.join("+")),
    ) || "nothing forced",
  forbid: ({ forbid }) =>
    list(
      "forbid ",
      forbid.map((pair) => pair.join("+")),
    ) || "nothing forbidden",
};

const list = (before: string, items: readonly string[]): string => (items.length === 0 ? "" : before + shortened(items).join(", "));
const shortened = (items: readonly string[]): readonly string[] =>
  items.length <= 3 ? items : [...items.slice(0, 2), `${items.length - 2} more`];

/** The options in which two compilations differ. */
export const differingOptions = (a: PanelOptions, b: PanelOptions): (keyof PanelOptions)[] =>
  (Object.keys(words) as (keyof PanelOptions)[]).filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));

/** `isa avx2, without fuse`: `options` in the words in which they differ from `other`. */
export const optionsTitle = (options: PanelOptions, other: PanelOptions): string =>
  differingOptions(options, other)
    .map((name) => words[name](options))
    .join(", ") || "the same options";
