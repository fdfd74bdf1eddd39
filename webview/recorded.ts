/** Messages as text inside a page: JSON in which typed arrays and numbers that JSON lacks are marked. */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const arrayTypes = { Int32Array, Uint8Array, Float64Array } as const;
type ArrayType = keyof typeof arrayTypes;

interface Marked {
  readonly $: ArrayType | "number";
  readonly data: string;
}

/** JSON that can stand in a script element: no `<` is left. */
export function encodeRecorded(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => mark(item)).replaceAll("<", "\\u003C");
}

export function decodeRecorded(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => (isMarked(item) ? unmark(item) : item)) as unknown;
}

function mark(item: unknown): unknown {
  if (typeof item === "number" && !Number.isFinite(item)) return { $: "number", data: String(item) } satisfies Marked;
  for (const [name, type] of Object.entries(arrayTypes)) {
    if (item instanceof type)
      return { $: name as ArrayType, data: toBase64(new Uint8Array(item.buffer, item.byteOffset, item.byteLength)) };
  }
  return item;
}

const isMarked = (item: unknown): item is Marked =>
  typeof item === "object" && item !== null && "$" in item && "data" in item && Object.keys(item).length === 2;

function unmark({ $, data }: Marked): unknown {
  if ($ === "number") return Number(data);
  const bytes = fromBase64(data);
  return new arrayTypes[$](bytes.buffer);
}

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b, c] = [bytes[i] as number, bytes[i + 1], bytes[i + 2]];
    const word = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    const at = (shift: number): string => alphabet[(word >> shift) & 63] as string;
    parts.push(at(18) + at(12) + (b === undefined ? "=" : at(6)) + (c === undefined ? "=" : at(0)));
  }
  return parts.join("");
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const clean = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((clean.length * 3) / 4));
  let word = 0;
  let bits = 0;
  let next = 0;
  for (const letter of clean) {
    word = ((word << 6) | alphabet.indexOf(letter)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[next] = (word >> bits) & 255;
    next += 1;
  }
  return bytes;
}
