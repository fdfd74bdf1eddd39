// Where the camera stands when a model has just been opened: a better placement that comes later must not push the graph out of sight.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { launch, noChromium, open, type Opened } from "./page.ts";
import { syntheticMessages } from "./synthetic.ts";

interface Camera {
  readonly x: number;
  readonly y: number;
  readonly k: number;
}

/** The camera that the page saves next, after something that makes it save. */
async function savedCamera(opened: Opened, act: () => Promise<void>): Promise<Camera | undefined> {
  const saves = async (): Promise<{ arg: { state: { camera?: Camera } } }[]> =>
    (await opened.sent()).filter(({ name }) => name === "saveState") as never;
  const before = (await saves()).length;
  await act();
  for (const end = Date.now() + 10_000; Date.now() < end && (await saves()).length === before;) await opened.page.waitForTimeout(50);
  return (await saves()).at(-1)?.arg.state.camera;
}

describe("the first look at a model", { skip: noChromium }, () => {
  let browser: Browser;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  test("is fitted to the placement that stays", async () => {
    const opened = await open(browser, { messages: syntheticMessages(110) });
    await opened.page.waitForSelector("body[data-still=true]", { timeout: 40_000 });
    const save = (): Promise<void> => opened.page.evaluate(() => void document.dispatchEvent(new PointerEvent("pointerup")));
    const first = await savedCamera(opened, save);
    await opened.deliver({ type: "command", command: { name: "fit" } });
    const fitted = await savedCamera(opened, save);
    assert.ok(first && fitted);
    for (const part of ["x", "y", "k"] as const)
      assert.ok(Math.abs(first[part] - fitted[part]) < 0.5, `${part}: ${first[part]}, fitted ${fitted[part]}`);
    assert.deepEqual(opened.errors, []);
    await opened.page.context().close();
  });
});
