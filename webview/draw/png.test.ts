import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as zlibCrc, inflateSync } from "node:zlib";
import { encodePng } from "./png.ts";

interface Chunk {
  readonly name: string;
  readonly data: Buffer;
  readonly crc: number;
}

function chunks(file: Buffer): Chunk[] {
  const found: Chunk[] = [];
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    found.push({
      name: file.toString("latin1", at + 4, at + 8),
      data: file.subarray(at + 8, at + 8 + length),
      crc: file.readUInt32BE(at + 8 + length),
    });
    at += 12 + length;
  }
  return found;
}

test("bands give the picture that they were cut from", async () => {
  const [width, height] = [37, 23];
  const pixels = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i * 7919) & 255);
  const file = Buffer.from(await encodePng(width, height, 5, (top, lines) => pixels.slice(4 * width * top, 4 * width * (top + lines))));
  assert.equal(file.toString("latin1", 1, 4), "PNG");
  const parts = chunks(file);
  assert.deepEqual([parts[0]?.name, parts.at(-1)?.name], ["IHDR", "IEND"]);
  const header = parts[0]?.data as Buffer;
  assert.deepEqual([header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]], [width, height, 8, 6]);
  const crc = zlibCrc as ((data: Buffer) => number) | undefined; // newer Node only
  if (crc) for (const { name, data, crc: stored } of parts) assert.equal(crc(Buffer.concat([Buffer.from(name, "latin1"), data])), stored);
  const lines = inflateSync(Buffer.concat(parts.filter(({ name }) => name === "IDAT").map(({ data }) => data)));
  const stride = 4 * width;
  const above = new Uint8Array(stride);
  for (let y = 0; y < height; y += 1) {
    assert.equal(lines[y * (stride + 1)], 2);
    for (let i = 0; i < stride; i += 1) {
      above[i] = (above[i] as number) + (lines[y * (stride + 1) + 1 + i] as number);
      assert.equal(above[i], pixels[y * stride + i]);
    }
  }
});
