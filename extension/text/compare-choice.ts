/** What a comparison is of, from what a menu or the user gives. Pure text. */
import type { PanelOptions } from "#protocol";
import { coded } from "../coded-error.ts";
import { differingOptions } from "./options-title.ts";

/**
 * The two models of a menu's arguments: the one clicked on first.
 * @throws compare-same for anything but two different models
 */
export function twoModels(clicked: string, selected: readonly string[]): readonly [string, string] {
  const others = [...new Set(selected)].filter((model) => model !== clicked);
  const [other] = others;
  if (other === undefined) throw coded("compare-same", { what: "one model is selected" });
  if (others.length > 1) throw coded("compare-same", { what: `${others.length + 1} models are selected, two can be compared` });
  return [clicked, other];
}

/** @throws compare-same for options that make the same code */
export function otherOptions(own: PanelOptions, change: Partial<PanelOptions>): PanelOptions {
  const other = { ...own, ...change };
  if (differingOptions(own, other).length === 0) throw coded("compare-same", { what: "the options are those of the model shown" });
  return other;
}

/** Options for another model: those of the one shown, with the extents of dimensions that both have. */
export const optionsForOther = (own: PanelOptions, dims: readonly string[]): PanelOptions => ({
  ...own,
  dims: Object.fromEntries(Object.entries(own.dims).filter(([name]) => dims.includes(name))),
  force: [],
  forbid: [],
});

/** The passes that are switched off, with one more; or one less, if it was. */
export const withoutPass = (without: readonly string[], pass: string): readonly string[] =>
  without.includes(pass) ? without.filter((name) => name !== pass) : [...without, pass];
