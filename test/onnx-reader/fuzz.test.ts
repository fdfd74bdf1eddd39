import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz, outcome, seeds } from "./mutations.ts";

test("2,000 damaged models are read or refused with a code", () => {
  const memory = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const before = memory();
  const counts = fuzz("fuzz", 2000);
  // The mutations are worth something only when they reach the different ends.
  for (const code of ["ok", "onnx-wire", "onnx-truncated"])
    assert.ok((counts.get(code) ?? 0) > 20, `${code}: ${counts.get(code) ?? 0} of 2000`);
  assert.ok(memory() - before < 200e6);
});

test("a model cut off anywhere is refused with a code", () => {
  const whole = seeds.find((bytes) => bytes.length < 700);
  assert.ok(whole !== undefined);
  for (let length = 0; length < whole.length; length++) {
    const code = outcome(whole.slice(0, length));
    assert.ok(["onnx-truncated", "onnx-not-a-model", "ok"].includes(code), `${length} bytes: ${code}`);
    if (code === "ok") assert.equal(isWholeField(whole, length), true, `${length} bytes read as a model`);
  }
});

/** Whether the first `length` bytes are whole fields of the outermost message, which then is a model without the rest. */
function isWholeField(bytes: Uint8Array, length: number): boolean {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < length) {
    const isBytes = (varint() & 7) === 2;
    const value = varint();
    if (isBytes) at += value;
  }
  return at === length;
}
