/**
 * Protocol Buffers wire format, written in one pass: small fields into one growing buffer, weights as parts that are copied
 * only when the message is written out. Lengths of nested messages are put in front when the message is closed.
 */
import type { ByteSink } from "./byte-source.ts";
import type { Int } from "./model.ts";
import { encodeUtf8 } from "./utf8.ts";
import { wireBytes, wireFixed32, wireVarint } from "./wire-reader.ts";

/** Bytes that exist in a file or are still to be computed. */
export interface LazyBytes {
  readonly length: number;
  readonly chunks: () => Iterable<Uint8Array>;
}

/** A lazy part that follows the first `at` bytes of the buffer. */
interface Part {
  at: number;
  readonly bytes: LazyBytes;
}

export class WireWriter {
  private buffer = new Uint8Array(1024);
  private used = 0;
  private readonly parts: Part[] = [];
  private partBytes = 0;

  private grow(bytes: number): void {
    if (this.used + bytes <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.used + bytes));
    larger.set(this.buffer.subarray(0, this.used));
    this.buffer = larger;
  }

  private raw(bytes: Uint8Array): void {
    this.grow(bytes.length);
    this.buffer.set(bytes, this.used);
    this.used += bytes.length;
  }

  private varint(value: Int): void {
    this.grow(10);
    this.used = putVarint(this.buffer, this.used, value);
  }

  private tag(number: number, wire: number): void {
    this.varint(number * 8 + wire);
  }

  int(number: number, value: Int): void {
    this.tag(number, wireVarint);
    this.varint(value);
  }

  float(number: number, value: number): void {
    this.tag(number, wireFixed32);
    this.grow(4);
    new DataView(this.buffer.buffer).setFloat32(this.used, value, true);
    this.used += 4;
  }

  text(number: number, value: string): void {
    const bytes = encodeUtf8(value);
    this.tag(number, wireBytes);
    this.varint(bytes.length);
    this.raw(bytes);
  }

  lazy(number: number, bytes: LazyBytes): void {
    this.tag(number, wireBytes);
    this.varint(bytes.length);
    this.parts.push({ at: this.used, bytes });
    this.partBytes += bytes.length;
  }

  message(number: number, content: () => void): void {
    this.tag(number, wireBytes);
    const start = this.used;
    const firstPart = this.parts.length;
    const partsBefore = this.partBytes;
    content();
    const prefix = new Uint8Array(10);
    const shift = putVarint(prefix, 0, this.used - start + this.partBytes - partsBefore);
    this.grow(shift);
    this.buffer.copyWithin(start + shift, start, this.used);
    this.buffer.set(prefix.subarray(0, shift), start);
    this.used += shift;
    for (let i = firstPart; i < this.parts.length; i++) {
      const part = this.parts[i];
      if (part !== undefined) part.at += shift;
    }
  }

  get length(): number {
    return this.used + this.partBytes;
  }

  /** Writes everything, in order. */
  flush(sink: ByteSink): void {
    let at = 0;
    for (const part of this.parts) {
      if (part.at > at) sink.write(this.buffer.subarray(at, part.at));
      at = part.at;
      for (const chunk of part.bytes.chunks()) sink.write(chunk);
    }
    if (this.used > at) sink.write(this.buffer.subarray(at, this.used));
  }
}

/** Puts an int64 (negative ones as 10 bytes of two's complement); returns the offset behind it. */
export function putVarint(bytes: Uint8Array, at: number, value: Int): number {
  if (typeof value === "bigint" || value < 0) {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      bytes[at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    bytes[at++] = Number(rest);
    return at;
  }
  let rest = value;
  while (rest > 0x7f) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}
