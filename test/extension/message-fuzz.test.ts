// Random, malformed, repeated and huge messages of a page: the host answers every request once, and goes on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ToPage } from "#protocol";
import { pageRequests } from "../../extension/editor/page-requests.ts";
import { notBuilt, start, type FakePage, type Started } from "./mock/start.ts";
import { randomValue, seeded } from "./mock/random.ts";

let started: Started;
let page: FakePage;

before(async () => {
  if (notBuilt !== undefined) return;
  started = start();
  page = started.open("test/data/example-mlp.onnx");
  page.say({ type: "ready" });
  await page.next("summary");
});
after(() => started?.stop());

const names = Object.keys(pageRequests);
/** Requests that something can be wrong with: some say nothing but their name. */
const choosy = Object.entries(pageRequests).flatMap(([name, { shape }]) => (shape({}) ? [] : [name]));
/** Requests that build, run or ask the user are not sent with arguments that fit. */
const harmless = names.filter(
  (name) => !["bench", "saveTensor", "saveFile", "openText", "openHeader", "openDiff", "compile", "probe", "compareValues"].includes(name),
);

test("each bad request gets one error reply, and a good one is answered after that", { skip: notBuilt }, async () => {
  const random = seeded(11);
  const asked: number[] = [];
  for (let id = 1; id <= 400; id++) {
    const name = random.of([...choosy, "toString", "__proto__", "", 7, null]);
    page.say({ type: "request", id, name, arg: badArgument(random) });
    if (random.chance(0.2)) page.say({ type: "cancel", id: random.whole(500) });
    asked.push(id);
  }
  page.say({ type: "request", id: 1000, name: "text", arg: { kind: "ir", stage: 0 } });
  await page.next("reply", ({ id }) => id === 1000);
  await until(() => asked.every((id) => answers(id).length > 0));
  for (const id of asked) assert.deepEqual(answers(id), ["error"], `request ${id}`);
  const codes = new Set(page.got.flatMap((message) => (message.type === "error" ? [message.error.code] : [])));
  assert.deepEqual([...codes], ["page-request"]);
});

test("messages that are none are dropped", { skip: notBuilt }, async () => {
  const random = seeded(12);
  const before = page.got.length;
  for (let n = 0; n < 500; n++) {
    const message = randomValue(random, 3);
    const typed = random.of([
      message,
      { type: random.of(["selected", "stage", "log", "cancel", "compare-end", "hello"]), ...Object(message) },
    ]);
    page.say(typed);
  }
  page.say({ type: "log", level: "error", text: "x".repeat(10_000_000) });
  page.say({ type: "selected", stage: 1e12, nodes: [NaN], sources: "all" });
  assert.equal(page.got.length, before);
  const [model] = started.api.models();
  assert.ok(model?.summary, "the model is still there");
});

test("the same number twice, too many at once, and good requests out of order", { skip: notBuilt }, async () => {
  page.say({ type: "request", id: 2000, name: "body", arg: { path: "#0/none" } });
  page.say({ type: "request", id: 2000, name: "body", arg: { path: "#0/none" } });
  await until(() => answers(2000).length === 2);
  const random = seeded(13);
  const ids = Array.from({ length: 300 }, (_, i) => 3000 + i);
  for (const id of ids) page.say({ type: "request", id, name: random.of(harmless), arg: goodArgument(random) });
  for (const id of ids.filter(() => random.chance(0.3))) page.say({ type: "cancel", id });
  await until(() => ids.every((id) => answers(id).length > 0));
  for (const id of ids) assert.equal(answers(id).length, 1, `request ${id}`);
});

test("a page that says it is ready again and again is told everything each time", { skip: notBuilt }, async () => {
  for (let n = 0; n < 20; n++) page.say({ type: "ready" });
  const before = page.got.filter(({ type }) => type === "summary").length;
  await until(() => page.got.filter(({ type }) => type === "summary").length > before);
});

const answers = (id: number): string[] =>
  page.got
    .filter((m): m is Extract<ToPage, { type: "reply" | "error" }> => (m.type === "reply" || m.type === "error") && m.id === id)
    .map(({ type }) => type);

/** Never one that fits: no request takes an argument of this shape. */
const badArgument = (random: ReturnType<typeof seeded>): unknown =>
  random.of([
    undefined,
    null,
    [],
    "x".repeat(random.whole(100_000)),
    { kind: "elf", stage: -1, path: 7, options: [], scope: {}, left: "a", value: -1, state: "y".repeat(200_000), nodes: [-1], name: 7 },
    { kind: "ir", stage: 1e20, path: "p".repeat(20_000), value: NaN, options: { isa: 5 }, state: "y".repeat(200_000), nodes: {}, name: [] },
    {
      ...Object(randomValue(random, 2)),
      state: "y".repeat(200_000),
      kind: null,
      value: null,
      path: null,
      nodes: null,
      options: null,
      scope: null,
    },
  ]);

const goodArgument = (random: ReturnType<typeof seeded>): unknown => ({
  kind: random.of(["ir", "cpp"]),
  stage: random.whole(60),
  path: "#0/then_branch",
  value: random.whole(40),
  start: random.whole(10),
  count: random.whole(100),
  nodes: [random.whole(30)],
  state: { any: random.whole(9) },
});

async function until(done: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    if (done()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("nothing came");
}
