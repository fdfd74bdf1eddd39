import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { kernels } from "../kernels/index.ts";
import { nativeCalls, nativeNameAt } from "../protocol/native-names.ts";
import { nativeFunction, nativeHeader } from "./native-source.ts";

const files = readdirSync("native", { recursive: true, encoding: "utf8" }).filter((file) => /(?<!_ref)\.hpp$/.test(file));
const headers = new Map(files.map((file) => [file, readFileSync(`native/${file}`, "utf8")]));

test("a product leads through the calls to the loop over k of the register tile", () => {
  const found = nativeFunction(headers, "gemm_f32");
  assert.equal(found?.file, "kernels/gemm_f32/gemm_f32.hpp");
  assert.match(found.lines[found.line - 1] ?? "", /void gemm_f32\(/);
  assert.equal(found.loop?.file, "kernels/gemm/tile.hpp");
  const [first, last] = found.loop.lines;
  const loop =
    nativeHeader(headers, found.loop.file)
      ?.lines.slice(first - 1, last)
      .join("\n") ?? "";
  // Not that of the pieces, which only long sums are cut into.
  assert.match(loop, /^ *for \(; p \+ U <= steps; p \+= U\) \{\n/);
  assert.match(loop, /step\(p \+ u, c\[u\]/);
  assert.match(loop, /\}$/);
});

test("every microkernel that generated code calls is found, with a loop", () => {
  for (const { name } of kernels) {
    const text = { pointer: () => "p", arg: () => "1", param: () => undefined, epilogue: "[&]{}" };
    const made = kernels.find((kernel) => kernel.name === name)?.cpp(text) ?? "";
    const [called] = nativeCalls(made);
    const found = nativeFunction(headers, called ?? "");
    assert.ok(found !== undefined, `${name} calls ${called}: ${made}`);
    const loop = found.loop;
    assert.ok(loop !== undefined, `${called} has a loop`);
    assert.match(nativeHeader(headers, loop.file)?.lines[loop.lines[0] - 1] ?? "", /^\s*(?:for|while) \(/);
  }
});

test("a name that is no function, a file that is no header", () => {
  assert.equal(nativeFunction(headers, "no_such_thing"), undefined);
  assert.equal(nativeHeader(headers, "../package.json"), undefined);
});

test("the name at a place of a line", () => {
  const line = "    fs::gemm_f32<8, 2>(fs::fixed<4>{}, k);";
  assert.deepEqual([nativeNameAt(line, 4), nativeNameAt(line, 15), nativeNameAt(line, 0)], ["gemm_f32", "gemm_f32", undefined]);
  assert.equal(nativeNameAt(line, line.indexOf("fixed")), "fixed");
  assert.deepEqual(nativeCalls(line), ["gemm_f32"]);
});
