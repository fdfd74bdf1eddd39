import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../../host.ts";
import { pictureScale } from "./save-picture.ts";

test("pictures are twice as large as on the screen, as long as anybody can open them", () => {
  assert.equal(pictureScale(1000, 4000, 2), 2);
  const scale = pictureScale(10_000, 10_000, 2);
  assert.ok(scale > 1.2 && scale < 1.3);
});

test("what would be too small to be read is refused, with what to do instead", () => {
  assert.throws(
    () => pictureScale(3000, 400_000, 2),
    (error) => error instanceof HostError && error.info.code === "picture-too-large" && /SVG/.test(error.info.next),
  );
});
