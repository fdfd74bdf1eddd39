/** Random, malformed, repeated and out-of-order messages of a host: the page goes on, and shows the next sound compilation. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import type { ToPage } from "#protocol";
import { randomValue, seeded, type Random } from "../extension/mock/random.ts";
import { mlp } from "./fixture.ts";
import { launch, noChromium, open, type Opened } from "./page.ts";

const seed = 5;
const rounds = 400;

describe("messages of a host", { skip: noChromium }, () => {
  let browser: Browser;
  let opened: Opened;
  const { messages, texts } = mlp();
  before(async () => {
    browser = await launch();
    opened = await open(browser, { messages, texts });
    await opened.page.waitForSelector("body[data-settled=true]", { timeout: 40_000 });
  });
  after(() => browser.close());

  test(`${rounds} bad ones from seed ${seed}`, async () => {
    const random = seeded(seed);
    const spoilt = Array.from({ length: rounds }, () =>
      random.chance(0.3) ? randomValue(random, 3) : broken(random, random.of(messages)),
    );
    for (let at = 0; at < spoilt.length; at += 50) await opened.deliverAll(spoilt.slice(at, at + 50) as ToPage[]);
    await opened.deliverAll(shuffled(random, messages));
    assert.deepEqual(
      opened.errors.filter((text) => !/^Failed to load/.test(text)),
      [],
    );
  });

  test("after that a compilation is shown as ever", async () => {
    const { page } = opened;
    const again = messages.map((message) => ("generation" in message ? { ...message, generation: 99 } : message));
    await opened.deliverAll(again as ToPage[]);
    await page.locator(".status-line").filter({ hasText: "groups" }).waitFor();
    await page.waitForSelector("body[data-still=true]", { timeout: 40_000 });
    await page.locator("#list-nodes .row").filter({ hasText: "matmul" }).first().click();
    await page.locator(".details").filter({ hasText: "Lineage" }).waitFor();
    assert.deepEqual(opened.errors, []);
  });
});

/** A copy with one member, somewhere, that is something else or nothing. */
function broken(random: Random, message: ToPage): unknown {
  const copy = structuredClone(message) as unknown as Record<string, unknown>;
  let at: Record<string, unknown> = copy;
  for (let depth = random.whole(5); depth > 0; depth--) {
    const inner = Object.values(at).filter((value) => typeof value === "object" && value !== null && !ArrayBuffer.isView(value));
    if (inner.length === 0) break;
    at = random.of(inner) as Record<string, unknown>;
  }
  const name = random.of(Object.keys(at));
  if (name === undefined) return copy;
  if (random.chance(0.3)) Reflect.deleteProperty(at, name);
  else at[name] = randomValue(random, 2);
  return copy;
}

const shuffled = (random: Random, list: readonly ToPage[]): ToPage[] =>
  list
    .map((message) => [random.whole(1e6), message] as const)
    .sort(([a], [b]) => a - b)
    .map(([, message]) => message);
