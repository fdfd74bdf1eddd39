/**
 * Protocol Buffers wire format, read from ranges of a byte source (https://protobuf.dev/programming-guides/encoding). Only a
 * window of the file is in memory; skipped fields are not read. Every malformed input ends in one coded error with its offset.
 */
import { userError, type MessageCode } from "../messages.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Int } from "./model.ts";
import { decodeUtf8 } from "./utf8.ts";

export const wireVarint = 0;
const wireFixed64 = 1;
export const wireBytes = 2;
const wireGroupStart = 3;
const wireGroupEnd = 4;
export const wireFixed32 = 5;

/** What a file may ask of us: nesting of messages, and memory for the parsed structure. */
export interface ReadLimits {
  readonly depth: number;
  readonly heapBytes: number;
}

/** 1000 MiB also keeps every string below the longest that V8 can make (2^29 - 24 units). */
export const defaultLimits: ReadLimits = { depth: 200, heapBytes: 1000 * 1024 * 1024 };

const windowBytes = 256 * 1024;
const two32 = 2 ** 32;

export class WireReader {
  /** Offset in the source of the next byte. */
  position = 0;
  /** The two halves of the last varint, as unsigned 32-bit numbers. */
  low = 0;
  high = 0;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;
  private heapUsed = 0;

  constructor(
    readonly source: ByteSource,
    readonly file: string,
    readonly limits: ReadLimits = defaultLimits,
  ) {}

  fail(code: MessageCode, what: string, offset = this.position): never {
    userError(code, { file: this.file, offset }, { what });
  }

  /** Accounts for memory of parsed structure, before it is allocated. */
  charge(bytes: number): void {
    this.heapUsed += bytes;
    if (this.heapUsed <= this.limits.heapBytes) return;
    userError("onnx-too-large", { file: this.file, offset: this.position }, { limit: Math.floor(this.limits.heapBytes / 2 ** 20) });
  }

  private byte(): number {
    const at = this.position - this.windowStart;
    const value = at < 0 ? undefined : this.window[at];
    if (value !== undefined) {
      this.position++;
      return value;
    }
    const left = this.source.size - this.position;
    if (left <= 0) this.fail("onnx-truncated", "a number is cut off");
    this.window = this.source.read(this.position, Math.min(windowBytes, left));
    this.windowStart = this.position++;
    return this.window[0] ?? 0;
  }

  /** Reads a varint of at most 10 bytes into `low` and `high`. */
  private varintBits(end: number): void {
    const start = this.position;
    this.low = 0;
    this.high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= end) this.fail(end >= this.source.size ? "onnx-truncated" : "onnx-wire", "a number is cut off", start);
      const value = this.byte();
      const bits = value & 0x7f;
      if (shift < 28) this.low |= bits << shift;
      else if (shift === 28) {
        this.low |= bits << 28;
        this.high = bits >>> 4;
      } else if (shift < 63) this.high |= bits << (shift - 32);
      else this.high |= (bits & 1) << 31;
      if (value < 0x80) {
        this.low >>>= 0;
        this.high >>>= 0;
        return;
      }
    }
    this.fail("onnx-wire", "a number is longer than 10 bytes", start);
  }

  /** An int64 (or int32, or enum): exact number or bigint. */
  varint(end: number): Int {
    this.varintBits(end);
    const value = (this.high | 0) * two32 + this.low;
    if (Number.isSafeInteger(value)) return value;
    return (BigInt(this.high | 0) << 32n) | BigInt(this.low);
  }

  /** A field's key: field number and wire type. */
  tag(end: number): number {
    const start = this.position;
    this.varintBits(end);
    if (this.high !== 0 || this.low < 8) this.fail("onnx-wire", "a field has no valid number", start);
    return this.low;
  }

  /** The length prefix of a field; the content is inside the message that ends at `end`. */
  length(end: number): number {
    const start = this.position;
    this.varintBits(end);
    const length = this.high * two32 + this.low;
    if (length <= end - this.position) return length;
    const what = `a field of ${length} bytes starts where ${end - this.position} are left`;
    this.fail(end >= this.source.size ? "onnx-truncated" : "onnx-wire", what, start);
  }

  /** `length` bytes, which the caller has checked to be there. May be a view of a shared window: not to be kept. */
  bytes(length: number): Uint8Array {
    let at = this.position - this.windowStart;
    if (at < 0 || at + length > this.window.length) {
      const left = this.source.size - this.position;
      if (length > left) this.fail("onnx-truncated", `${length} bytes are expected, ${left} are left`);
      this.window = this.source.read(this.position, Math.min(left, Math.max(length, windowBytes)));
      this.windowStart = this.position;
      at = 0;
    }
    this.position += length;
    return this.window.subarray(at, at + length);
  }

  text(length: number): string {
    this.charge(24 + 2 * length);
    return decodeUtf8(this.bytes(length));
  }

  /** A fixed32 as IEEE single. */
  float(end: number): number {
    if (end - this.position < 4) this.fail(end >= this.source.size ? "onnx-truncated" : "onnx-wire", "a float is cut off");
    const bytes = this.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
  }

  /** Skips the value of a field of this tag. Groups (deprecated, not in ONNX) are skipped as a whole. */
  skip(tag: number, end: number, depth = 0): void {
    const start = this.position;
    const wire = tag & 7;
    if (wire === wireVarint) this.varintBits(end);
    else if (wire === wireBytes) {
      // In two statements: `length` moves the position itself.
      const length = this.length(end);
      this.position += length;
    } else if (wire === wireFixed32 || wire === wireFixed64) this.position += wire === wireFixed32 ? 4 : 8;
    else if (wire === wireGroupStart) this.skipGroup(tag, end, depth);
    else this.fail("onnx-wire", wire === wireGroupEnd ? "a group ends that was not begun" : `wire type ${wire} does not exist`, start);
    if (this.position > end) this.fail(end >= this.source.size ? "onnx-truncated" : "onnx-wire", "a field is cut off", start);
  }

  private skipGroup(tag: number, end: number, depth: number): void {
    this.enter(depth);
    for (;;) {
      const inner = this.tag(end);
      if (inner === tag + 1) return;
      this.skip(inner, end, depth + 1);
    }
  }

  /** Checks the nesting of messages. */
  enter(depth: number): void {
    if (depth > this.limits.depth) userError("onnx-too-deep", { file: this.file, offset: this.position }, { limit: this.limits.depth });
  }
}
