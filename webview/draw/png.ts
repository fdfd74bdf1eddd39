/** PNG files from bands of pixels: pictures that no canvas could hold are drawn and packed piece by piece. */

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

let table: Uint32Array | undefined;

function crcTable(): Uint32Array {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  return table;
}

function crc(bytes: Uint8Array): number {
  const rows = crcTable();
  let c = 0xffffffff;
  for (const byte of bytes) c = (rows[(c ^ byte) & 255] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** Length, name, data and checksum. */
function chunk(name: string, data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(12 + data.length);
  const view = new DataView(whole.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i += 1) whole[4 + i] = name.charCodeAt(i);
  whole.set(data, 8);
  view.setUint32(8 + data.length, crc(whole.subarray(4, 8 + data.length)));
  return whole;
}

/** Lines of RGBA as differences from the line above (PNG's filter 2): graphs repeat themselves downwards. */
function filtered(pixels: Uint8ClampedArray, width: number, above: Uint8Array): Uint8Array<ArrayBuffer> {
  const stride = 4 * width;
  const lines = pixels.length / stride;
  const out = new Uint8Array(lines * (stride + 1));
  for (let line = 0; line < lines; line += 1) {
    const at = line * (stride + 1);
    out[at] = 2;
    for (let i = 0; i < stride; i += 1) {
      const value = pixels[line * stride + i] as number;
      out[at + 1 + i] = value - (above[i] as number);
      above[i] = value;
    }
  }
  return out;
}

/**
 * Packs a picture.
 * @param band draws the lines from `top` on and gives their RGBA bytes, `width` pixels a line
 */
export async function encodePng(
  width: number,
  height: number,
  bandHeight: number,
  band: (top: number, lines: number) => Uint8ClampedArray,
): Promise<Uint8Array> {
  const packer = new CompressionStream("deflate");
  const writer = packer.writable.getWriter();
  const packed: Uint8Array[] = [];
  const reader = packer.readable.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const reading = (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) packed.push(chunk("IDAT", part.value));
  })();
  const above = new Uint8Array(4 * width);
  for (let top = 0; top < height; top += bandHeight)
    await writer.write(filtered(band(top, Math.min(bandHeight, height - top)), width, above));
  await writer.close();
  await reading;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 6, 0, 0, 0], 8);
  return joined([signature, chunk("IHDR", header), ...packed, chunk("IEND", new Uint8Array())]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
