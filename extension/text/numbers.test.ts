import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, time } from "./numbers.ts";

const times: readonly (readonly [number, string])[] = [
  [0.00087, "870 ns"],
  [0.0123, "12.3 µs"],
  [4.5649, "4.56 ms"],
  [2500, "2.5 s"],
  [0, "0 ns"],
  [NaN, "?"],
  [123.9, "124 ms"],
];
for (const [ms, text] of times) test(`${ms} ms is ${text}`, () => assert.equal(time(ms), text));

const sizes: readonly (readonly [number, string])[] = [
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [5 * 1024 * 1024, "5 MiB"],
];
for (const [count, text] of sizes) test(`${count} bytes are ${text}`, () => assert.equal(bytes(count), text));
