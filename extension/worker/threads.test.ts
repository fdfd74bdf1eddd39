import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { Threads, type CompilerThread } from "./threads.ts";

const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-threads-"));
const file = path.join(folder, "worker.cjs");
writeFileSync(
  file,
  `const { parentPort, threadId } = require("node:worker_threads");
const said = { up: performance.now(), name: process.env.NAME };
parentPort.on("message", (what) => (what === "end" ? process.exit(0) : parentPort.postMessage({ ...said, threadId })));`,
);
after(() => rmSync(folder, { recursive: true, force: true }));

const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function ask({ worker }: CompilerThread): Promise<{ name: string; threadId: number }> {
  const answer = new Promise<{ name: string; threadId: number }>((resolve) => worker.once("message", resolve));
  worker.postMessage("who");
  return answer;
}

test("the one that stands by is taken, and only once", async () => {
  const threads = new Threads(file, () => ({ NAME: "a" }));
  threads.prepare(0);
  await soon(150);
  const first = threads.take();
  const second = threads.take();
  assert.notEqual(first.worker, second.worker);
  const [one, other] = await Promise.all([ask(first), ask(second)]);
  assert.equal(one.name, "a");
  assert.ok(one.threadId < other.threadId, "it was there before");
  for (const { worker } of [first, second]) await worker.terminate();
  threads.dispose();
});

test("one with variables that are not true any more is not taken", async () => {
  let name = "old";
  const threads = new Threads(file, () => ({ NAME: name }));
  threads.prepare(0);
  await soon(50);
  name = "new";
  const thread = threads.take();
  assert.equal((await ask(thread)).name, "new");
  await thread.worker.terminate();
  threads.dispose();
});

test("nothing stands by after the end", async () => {
  const threads = new Threads(file, () => ({}));
  threads.prepare(0);
  threads.dispose();
  threads.prepare(0);
  await soon(30);
  const thread = threads.take();
  assert.equal((await ask(thread)).threadId > 0, true);
  await thread.worker.terminate();
});
