/** JSON as the contract has it: NaN, infinities and integers beyond 2^53 are strings; typed arrays are arrays; undefined is left out. */

/** One line of JSON text. */
export function jsonText(value: unknown): string {
  return JSON.stringify(plain(value));
}

/** A copy of the value that `JSON.stringify` cannot lose anything of. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return exactInteger(value);
  if (typeof value === "number") return plainNumber(value);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, plain);
  if (value instanceof Map) return plain(Object.fromEntries(value as Map<string, unknown>));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
}

function plainNumber(x: number): number | string {
  if (!Number.isFinite(x)) return String(x);
  if (!Number.isInteger(x) || Number.isSafeInteger(x)) return x;
  return Math.abs(x) < 2 ** 64 ? BigInt(x).toString() : String(x);
}

function exactInteger(x: bigint): number | string {
  const n = Number(x);
  return Number.isSafeInteger(n) ? n : x.toString();
}
