import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToHost, ToPage } from "#protocol";
import { PageLink, type PageEnds } from "./page-link.ts";
import type { RequestContext } from "./page-requests.ts";

type Document = RequestContext["document"];

function line(document: Partial<Document>, limit?: number): { link: PageLink; sent: ToPage[]; events: string[] } {
  const sent: ToPage[] = [];
  const events: string[] = [];
  const context = (signal: AbortSignal, progress: RequestContext["progress"]): RequestContext =>
    ({ document, signal, progress, saveState: (state: unknown) => events.push(`state ${String(state)}`) }) as unknown as RequestContext;
  const ends: PageEnds = {
    post: (message) => sent.push(message),
    load: () => events.push("load"),
    onAnew: () => events.push("anew"),
    onSilent: (error) => events.push(error.code),
    onMessage: (message) => events.push(message.type),
    context,
  };
  return { link: new PageLink(ends, limit), sent, events };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const ask = (id: number, name: string, arg: unknown): ToHost => ({ type: "request", id, name, arg }) as ToHost;

test("a page that stays silent is loaded once more, then given up with a code", async () => {
  const { link, events } = line({}, 20);
  link.start();
  await sleep(160);
  assert.deepEqual(events, ["load", "load", "page-silent"]);
  link.dispose();
});

test("a page that comes up the second time is not given up", async () => {
  const { link, events } = line({}, 20);
  link.start();
  await sleep(30);
  link.receive({ type: "ready" });
  await sleep(50);
  assert.deepEqual(events, ["load", "load"]);
  link.dispose();
});

test("a page that says a second time that it is there is told everything again", () => {
  const { link, events } = line({});
  link.start();
  for (let n = 0; n < 3; n++) link.receive({ type: "ready" });
  assert.deepEqual(events, ["load", "anew", "anew"]);
  link.dispose();
});

test("every request gets one reply or one coded error, unknown ones too", async () => {
  const { link, sent, events } = line({ text: async () => Promise.reject(new Error("broken")) });
  link.start();
  link.receive({ type: "ready" });
  for (const message of [
    ask(1, "saveState", { state: 5 }),
    ask(2, "text", { kind: "ir", stage: 0 }),
    ask(3, "rm -rf", {}),
    ask(4, "constructor", {}),
  ])
    link.receive(message);
  await sleep(5);
  assert.deepEqual(events, ["load", "state 5"]);
  assert.deepEqual(sent.map((m) => (m.type === "error" ? [m.id, m.error.code] : m.type === "reply" ? [m.id, m.result] : m)).sort(), [
    [1, null],
    [2, "bug"],
    [3, "page-request"],
    [4, "page-request"],
  ]);
});

test("cancel reaches the work, and nothing is sent to a page that is not there", async () => {
  let stopped = false;
  const text: Document["text"] = (_kind, _stage, signal) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => ((stopped = true), reject(new Error("stop")))));
  const { link, sent } = line({ text });
  link.post({ type: "trust", trusted: true });
  assert.equal(sent.length, 0);
  link.start();
  link.receive({ type: "ready" });
  link.receive(ask(1, "text", { kind: "ir", stage: 0 }));
  link.receive({ type: "cancel", id: 1 });
  await sleep(5);
  assert.equal(stopped, true);
  assert.deepEqual(
    sent.map((m) => m.type),
    ["error"],
  );
  link.dispose();
  link.post({ type: "trust", trusted: true });
  assert.equal(sent.length, 1);
});
