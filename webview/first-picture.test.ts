import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToPage } from "#protocol";
import { FirstPicture } from "./first-picture.ts";

const message = (type: string, generation = 0): ToPage => ({ type, generation }) as unknown as ToPage;
const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("what follows the first graph waits for its picture, in order, and nothing waits later", async () => {
  const taken: string[] = [];
  const first = new FirstPicture(({ type }) => taken.push(type));
  for (const type of ["hello", "generation", "stage", "stage", "summary"]) first.deliver(message(type));
  assert.deepEqual(taken, ["hello", "generation", "stage"]);
  first.painted();
  first.deliver(message("trust"));
  await soon(5);
  assert.deepEqual(taken, ["hello", "generation", "stage", "stage", "summary", "trust"]);
  for (const type of ["stage", "failed"]) first.deliver(message(type));
  assert.deepEqual(taken.slice(6), ["stage", "failed"]);
});

test("a page that paints nothing does not wait for ever", async () => {
  const taken: string[] = [];
  const first = new FirstPicture(({ type }) => taken.push(type));
  for (const type of ["stage", "summary"]) first.deliver(message(type));
  await soon(450);
  assert.deepEqual(taken, ["stage", "summary"]);
});

test("a message that is none is passed on", () => {
  const taken: unknown[] = [];
  const first = new FirstPicture((what) => taken.push(what));
  first.deliver(undefined as unknown as ToPage);
  assert.deepEqual(taken, [undefined]);
});
