/** Declares the test of one of the ONNX project's whole CNNs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findToolchain } from "#core/io";
import { lightCnnProblem, withoutLightCnns } from "./light-cnn.ts";

const noCompiler = await findToolchain().then(
  () => undefined,
  (e: unknown) => `no compiler: ${e instanceof Error ? e.message : String(e)}`,
);

export function lightCnn(name: string, threads: number): void {
  test(`${name} on ${threads} thread${threads === 1 ? "" : "s"}`, { skip: noCompiler ?? withoutLightCnns ?? false }, async () => {
    assert.equal(await lightCnnProblem(name, threads), undefined);
  });
}
