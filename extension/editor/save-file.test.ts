import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { pageRequests, type RequestContext } from "./page-requests.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fusionscope-save-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const { shape, handle } = pageRequests.saveFile;
/** A user who takes the proposed name, in a folder of the test; or nobody. */
const context = (accepts = true): { readonly asked: unknown[]; readonly context: RequestContext } => {
  const asked: unknown[] = [];
  const chooseFile = (name: string, kinds: unknown): Promise<string | undefined> => {
    asked.push([name, kinds]);
    return Promise.resolve(accepts ? path.join(folder, name) : undefined);
  };
  return { asked, context: { chooseFile } as unknown as RequestContext };
};

test("a picture is written where the user wants it, as text or as bytes", async () => {
  const { asked, context: user } = context();
  const svg = await handle({ name: "model-stage-3.svg", text: "<svg/>" }, user);
  assert.equal(readFileSync(svg.path as string, "utf8"), "<svg/>");
  const png = await handle({ name: "model.png", bytes: Uint8Array.of(1, 2, 255) }, user);
  assert.deepEqual([...readFileSync(png.path as string)], [1, 2, 255]);
  assert.deepEqual(asked, [
    ["model-stage-3.svg", { "SVG picture": ["svg"] }],
    ["model.png", { "PNG picture": ["png"] }],
  ]);
});

test("a page proposes a name, not a folder", async () => {
  const { asked, context: user } = context(false);
  assert.deepEqual(await handle({ name: "../../etc/evil name.svg", text: "" }, user), { path: null });
  assert.match((asked[0] as [string])[0], /^[\w.-]+$/);
});

test("a message with neither text nor bytes is refused", () => {
  assert.equal(shape({ name: "a.svg", text: "x" }), true);
  assert.equal(shape({ name: "a.png", bytes: Uint8Array.of(1) }), true);
  for (const wrong of [{ name: "a.svg" }, { text: "x" }, { name: 5, text: "x" }, { name: "a", bytes: [1, 2] }])
    assert.equal(shape(wrong), false);
});
