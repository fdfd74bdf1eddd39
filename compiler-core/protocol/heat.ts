/** The samples of a benchmark on the lines of the texts that it ran. */
import type { HotSpots } from "./hot-spots.ts";
import type { TextKind, TextReply } from "./panel.ts";

export interface LineHeat {
  readonly samples: number;
  /** Of all samples inside of the model. */
  readonly share: number;
}

/**
 * What was seen on each line (from 1) of the generated C++ or of its assembly; lines without samples are not in it. An instruction whose address
 * holds another one in this text does not count: then another build was sampled.
 */
export function heatOf(
  spots: HotSpots,
  kind: TextKind,
  { lines, addresses }: Pick<TextReply, "lines" | "addresses">,
): ReadonlyMap<number, LineHeat> {
  if (kind === "cpp") return new Map(spots.lines.map(({ line, samples, share }) => [line, { samples, share }]));
  const out = new Map<number, LineHeat>();
  if (kind !== "asm" || addresses === undefined) return out;
  const hot = new Map(spots.instructions.map((one) => [one.address, one]));
  addresses.forEach((address, i) => {
    const found = address === 0 ? undefined : hot.get(address);
    if (found && mnemonic(found.text) === mnemonic(lines[i] ?? "")) out.set(i + 1, { samples: found.samples, share: found.share });
  });
  return out;
}

const mnemonic = (text: string): string => /^\s*(?:(?:rep\w*|lock|bnd|notrack) )?(\S+)/.exec(text)?.[1] ?? "";

/** `45 %`, `3.2 %`; below a tenth of a percent `<0.1 %`. */
export const shareText = (share: number): string =>
  share < 0.001 ? "<0.1 %" : `${share >= 0.0995 ? Math.round(100 * share) : (100 * share).toFixed(1)} %`;
