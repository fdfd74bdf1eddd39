/**
 * UTF-8 without the platform's TextDecoder (the core uses no host types), and without loss: a byte that is not part of valid
 * UTF-8 becomes the lone surrogate U+DC80 + (byte - 0x80), which `encodeUtf8` turns back into the byte. So names and string
 * attributes that are not text survive reading and writing, and stay distinct.
 */
const chunk = 4096;

/** The text of `bytes`. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = "";
  const units: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0;
    const length = first < 0x80 ? 1 : sequenceLength(bytes, at, first);
    if (length <= 1) units.push(length === 1 ? first : 0xdc00 + first);
    else pushCodePoint(units, codePoint(bytes, at, length));
    at += Math.max(length, 1);
    if (units.length >= chunk) {
      text += String.fromCharCode(...units);
      units.length = 0;
    }
  }
  return units.length === 0 ? text : text + String.fromCharCode(...units);
}

/** Length of the valid sequence at `at`, or 0. Overlong forms, surrogates and values above U+10FFFF are invalid (RFC 3629). */
function sequenceLength(bytes: Uint8Array, at: number, first: number): number {
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) {
    if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  const second = bytes[at + 1] ?? 0;
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  return length;
}

function codePoint(bytes: Uint8Array, at: number, length: number): number {
  let value = (bytes[at] ?? 0) & (0x7f >> length);
  for (let i = 1; i < length; i++) value = (value << 6) | ((bytes[at + i] ?? 0) & 0x3f);
  return value;
}

function pushCodePoint(units: number[], point: number): void {
  if (point < 0x10000) units.push(point);
  else units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
}

/** The bytes of `text`; the inverse of `decodeUtf8`. Other lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    let point = text.codePointAt(i) ?? 0;
    if (point > 0xffff) i++;
    if (point >= 0xdc80 && point <= 0xdcff) {
      bytes[at++] = point - 0xdc00;
      continue;
    }
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    at = putCodePoint(bytes, at, point);
  }
  return bytes.slice(0, at);
}

function putCodePoint(bytes: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    bytes[at++] = point;
    return at;
  }
  const extra = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  const lead = [0, 0xc0, 0xe0, 0xf0][extra] ?? 0;
  bytes[at++] = lead | (point >> (6 * extra));
  for (let i = extra - 1; i >= 0; i--) bytes[at++] = 0x80 | ((point >> (6 * i)) & 0x3f);
  return at;
}
