/** Numbers for people: three significant digits and a unit. JSON keeps the exact ones. */

const significant = (x: number, digits = 3): string => {
  if (x === 0) return "0";
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(x))));
  return x.toFixed(Math.min(decimals, 12));
};

function scaled(x: number, step: number, units: readonly string[]): string {
  if (!Number.isFinite(x)) return "-";
  let i = 0;
  let v = x;
  while (Math.abs(v) >= step && i < units.length - 1) {
    v /= step;
    i++;
  }
  return `${Number.isInteger(v) && i === 0 ? v : significant(v)} ${units[i] ?? ""}`.trimEnd();
}

/** `64 B`, `1.50 KiB`. */
export const bytesText = (n: number): string => scaled(n, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
/** `2.10 Mflop`. */
export const flopsText = (n: number): string => scaled(n, 1000, ["flop", "kflop", "Mflop", "Gflop", "Tflop"]);
/** `12.3 GF/s` from Gflop/s. */
export const rateText = (gflops: number): string => scaled(gflops * 1e9, 1000, ["F/s", "kF/s", "MF/s", "GF/s", "TF/s"]);
/** `850 ns`, `1.20 us`, `3.40 ms`, `2.00 s` from milliseconds. */
export function timeText(ms: number): string {
  if (!Number.isFinite(ms)) return "-";
  const ns = ms * 1e6;
  if (ns < 1e3) return `${significant(ns)} ns`;
  if (ns < 1e6) return `${significant(ns / 1e3)} us`;
  if (ns < 1e9) return `${significant(ns / 1e6)} ms`;
  return `${significant(ns / 1e9)} s`;
}
/** `1.234`; `-` for what is not a number. */
export const ratioText = (x: number): string => (Number.isFinite(x) ? x.toFixed(3) : "-");
/** `85.1 %` from 0.851. */
export const percentText = (x: number): string => (Number.isFinite(x) ? `${(x * 100).toFixed(1)} %` : "-");
/** An error: `0`, `1.2e-7`. */
export const errorText = (x: number): string => (x === 0 ? "0" : Number.isFinite(x) ? x.toExponential(1) : String(x));
/** `1 node`, `3 nodes`. */
export const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
