/** Numbers and names as people read them. */

const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB"];
const countUnits = ["", "k", "M", "G", "T", "P"];

/** 3 significant digits, without trailing zeros. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "?";
  return value === 0 ? "0" : Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function scaled(value: number, units: readonly string[], step: number): string {
  if (!Number.isFinite(value)) return "?";
  let unit = 0;
  while (Math.abs(value) >= step && unit < units.length - 1) {
    value /= step;
    unit += 1;
  }
  return `${digits(value)} ${units[unit]}`.trim();
}

/** 1 KB = 1024 B. */
export const bytesText = (bytes: number): string => scaled(bytes, byteUnits, 1024);
export const countText = (count: number): string => scaled(count, countUnits, 1000);
export const flopsText = (flops: number): string =>
  Number.isFinite(flops) ? `${scaled(flops, countUnits, 1000)}${flops < 1000 ? " " : ""}flop` : "?";

/** Milliseconds with the unit that fits. */
export function timeText(ms: number): string {
  if (!Number.isFinite(ms)) return "?";
  if (ms >= 1000) return `${digits(ms / 1000)} s`;
  if (ms >= 1) return `${digits(ms)} ms`;
  return ms >= 0.001 ? `${digits(ms * 1000)} µs` : `${digits(ms * 1e6)} ns`;
}

/** The part of a path-like name that tells it from its neighbours; control characters made visible. */
export function tail(name: string, longest = 34): string {
  const clean = visible(name);
  const parts = clean.split("/").filter((part) => part !== "");
  let text = parts.pop() ?? clean;
  for (let part = parts.pop(); part !== undefined && part.length + text.length + 1 <= longest; part = parts.pop()) text = `${part}/${text}`;
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** Control and direction characters would hide or reorder text: show them as a replacement character. */
export const visible = (text: string): string => text.replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\uFFFD");

/** A number with its unit; `8x256` of a text gets a real multiplication sign. */
export function quantityText(value: number | string, unit = ""): string {
  if (typeof value === "string") return `${visible(value).replaceAll(/(?<=\d)x(?=\d)/g, "×")} ${unit}`.trim();
  return unit === "B" ? bytesText(value) : `${digits(value)} ${unit}`.trim();
}
