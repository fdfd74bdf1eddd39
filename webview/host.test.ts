import assert from "node:assert/strict";
import { test } from "node:test";
import { requestSeconds, type ToHost, type ToPage } from "#protocol";
import { Host, HostError } from "./host.ts";

function line(seconds?: () => number): { host: Host; sent: ToHost[] } {
  const sent: ToHost[] = [];
  return { host: new Host({ postMessage: (message) => sent.push(message as ToHost) }, seconds), sent };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => (error instanceof HostError ? error.info.code : String(error)),
  );

test("every request has a limit, and the host is told when it is over", async () => {
  assert.ok(Object.values(requestSeconds).every((seconds) => seconds > 0));
  const { host, sent } = line(() => 0.01);
  assert.equal(await codeOf(host.request("body", { path: "#1/f" }).result), "no-answer");
  assert.deepEqual(sent.at(-1), { type: "cancel", id: 1 });
});

test("answers out of order find their requests; late, double and foreign ones are dropped", async () => {
  const { host } = line();
  const [first, second] = [host.request("body", { path: "a" }), host.request("body", { path: "b" })];
  for (const message of [
    { type: "reply", id: 2, result: "second" },
    { type: "reply", id: 2, result: "again" },
    { type: "error", id: 99, error: { code: "x", message: "", next: "" } },
    { type: "progress", id: 77, text: "", done: null },
    { type: "reply", id: 1, result: "first" },
  ] as ToPage[])
    assert.equal(host.receive(message), true);
  assert.deepEqual(await Promise.all([first.result, second.result]), ["first", "second"]);
  assert.equal(host.receive({ type: "trust", trusted: true }), false);
});

test("cancelling ends a request at once, and only once", async () => {
  const { host, sent } = line();
  const { result, cancel } = host.request("body", { path: "a" });
  cancel();
  cancel();
  assert.equal(await codeOf(result), "cancelled");
  assert.deepEqual(
    sent.map(({ type }) => type),
    ["request", "cancel"],
  );
});
