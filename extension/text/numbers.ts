/** Numbers as the native parts of the interface show them. The same figures as in `--json`, in readable units. */

/** Milliseconds as a time with three significant digits: `870 ns`, `12.3 µs`, `4.56 ms`. */
export function time(ms: number): string {
  if (!Number.isFinite(ms)) return "?";
  const [unit, scale] = ms < 1e-3 ? ["ns", 1e6] : ms < 1 ? ["µs", 1e3] : ms < 1e3 ? ["ms", 1] : ["s", 1e-3];
  return `${digits(ms * Number(scale))} ${unit}`;
}

export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : digits(value)} ${units[unit]}`;
}

/** Three significant digits, without trailing zeros after a point. */
export const digits = (value: number): string =>
  Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
