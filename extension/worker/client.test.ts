import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { CodedError } from "../coded-error.ts";
import { CompilerClient } from "./client.ts";
import { Threads, type CompilerThread } from "./threads.ts";

/** A worker that answers, dies, hangs or reports progress by what the path says. */
const script = `const { parentPort: port, workerData } = require("node:worker_threads");
const generation = new Int32Array(workerData.shared);
port.on("message", (m) => {
  if (m.type === "cancel") { port.postMessage({ type: "error", id: m.id, error: { code: "cancelled", message: "", next: "" } }); return; }
  const path = m.arg && m.arg.path;
  if (path === "throw") setTimeout(() => { throw new Error("out of cheese\\nat line 3"); }, 1);
  else if (path === "exit") process.exit(3);
  else if (path === "loop") for (;;) {}
  else if (path === "never") return;
  else if (path === "coded") port.postMessage({ type: "error", id: m.id, error: { code: "onnx-truncated", message: "cut off", next: "get it again" } });
  else if (path === "events") { for (let i = 0; i < 3; i++) port.postMessage({ type: "event", id: m.id, event: i }); port.postMessage({ type: "reply", id: m.id, result: "done" }); }
  else port.postMessage({ type: "reply", id: m.id, result: { path, generation: Atomics.load(generation, 0), cache: process.env.FUSIONSCOPE_CACHE } });
});`;

const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-client-"));
const file = path.join(folder, "worker.cjs");
writeFileSync(file, script);
const threads = new Threads(file, () => ({ FUSIONSCOPE_CACHE: "here" }));
after(() => {
  threads.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

function client(): { client: CompilerClient; lost: string[] } {
  const lost: string[] = [];
  const take = (): CompilerThread => threads.take();
  return { client: new CompilerClient(take, quiet, (error) => lost.push(error.info.code)), lost };
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => assert.fail("it should have failed"),
    (e: unknown) => e,
  );
  assert.ok(error instanceof CodedError, String(error));
  assert.doesNotMatch(error.info.message, /\n/);
  return error.info.code;
};

test("answers, events and coded errors come through", async () => {
  const { client: c } = client();
  c.setGeneration(7);
  assert.deepEqual(await c.request("open", { path: "m.onnx" }), { path: "m.onnx", generation: 7, cache: "here" });
  const events: unknown[] = [];
  assert.equal(await c.request("open", { path: "events" }, { onEvent: (e) => events.push(e) }), "done");
  assert.deepEqual(events, [0, 1, 2]);
  assert.equal(await codeOf(c.request("open", { path: "coded" })), "onnx-truncated");
  c.dispose();
});

for (const how of ["throw", "exit"]) {
  test(`a worker that ends by ${how} fails its requests, and the next request gets a new one`, async () => {
    const { client: c, lost } = client();
    const other = c.request("open", { path: "never" });
    assert.deepEqual(await Promise.all([codeOf(c.request("open", { path: how })), codeOf(other)]), ["worker-crashed", "worker-crashed"]);
    assert.deepEqual(lost, ["worker-crashed"]);
    assert.deepEqual(await c.request("open", { path: "again" }), { path: "again", generation: 0, cache: "here" });
    c.dispose();
  });
}

test("a worker that hangs is given up, and the next request gets a new one", async () => {
  const { client: c, lost } = client();
  assert.equal(await codeOf(c.request("open", { path: "loop" }, { seconds: 0.2 })), "worker-timeout");
  assert.deepEqual(lost, ["worker-timeout"]);
  assert.deepEqual(await c.request("open", { path: "again" }), { path: "again", generation: 0, cache: "here" });
  c.dispose();
});

test("cancelling ends the request alone", async () => {
  const { client: c, lost } = client();
  const stop = new AbortController();
  const work = codeOf(c.request("open", { path: "never" }, { signal: stop.signal }));
  stop.abort();
  assert.equal(await work, "cancelled");
  assert.deepEqual(lost, []);
  assert.equal(await codeOf(c.request("open", { path: "x" }, { signal: stop.signal })), "cancelled");
  c.dispose();
});

test("dispose fails what is open and starts nothing more", async () => {
  const { client: c, lost } = client();
  const work = codeOf(c.request("open", { path: "never" }));
  c.dispose();
  assert.equal(await work, "cancelled");
  assert.equal(await codeOf(c.request("open", { path: "x" })), "cancelled");
  assert.deepEqual(lost, []);
});
