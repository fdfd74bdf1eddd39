import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

test("valid text is decoded as the platform decodes it", () => {
  const texts = ["", "plain", "größe", "層/正規化", "🧠 model 🦜", "\u0000\u0001\u007f", "x".repeat(10_000) + "é"];
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    assert.equal(decodeUtf8(bytes), text);
    assert.deepEqual(encodeUtf8(text), bytes);
  }
  for (let point = 0; point <= 0x10ffff; point += 37) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const text = String.fromCodePoint(point);
    assert.equal(decodeUtf8(new TextEncoder().encode(text)), text);
    assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text));
  }
});

test("every sequence of up to three bytes comes back as it was", () => {
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second += 5) {
      for (const third of [0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc3, 0xed, 0xff]) {
        const bytes = Uint8Array.of(first, second, third);
        assert.deepEqual(encodeUtf8(decodeUtf8(bytes)), bytes);
      }
    }
  }
});

test("invalid bytes stay apart from each other and from valid text", () => {
  const forms = [[0xff], [0xfe], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]];
  const decoded = forms.map((bytes) => decodeUtf8(Uint8Array.from(bytes)));
  assert.equal(new Set(decoded).size, forms.length);
  for (const text of decoded) assert.match(text, /^[\udc80-\udcff]+$/);
});
