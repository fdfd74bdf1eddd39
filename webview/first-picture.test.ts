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

test("what is said before a graph that takes its time is not held for long", async () => {
  const taken: string[] = [];
  const first = new FirstPicture(({ type }) => taken.push(type));
  for (const type of ["hello", "generation"]) first.deliver(message(type));
  assert.deepEqual(taken, []);
  await soon(40);
  assert.deepEqual(taken, ["hello", "generation"]);
  first.deliver(message("stage"));
  assert.deepEqual(taken, ["hello", "generation", "stage"]);
});

test("what leads to the first graph is one change of the page", () => {
  const told: string[] = [];
  const first = new FirstPicture(
    ({ type }) => told.push(type),
    (changes) => {
      changes();
      told.push("told");
    },
  );
  for (const type of ["hello", "generation", "stage"]) first.deliver(message(type));
  assert.deepEqual(told, ["hello", "generation", "stage", "told"]);
});

test("a message that is none is passed on", async () => {
  const taken: unknown[] = [];
  const first = new FirstPicture((what) => taken.push(what));
  first.deliver(undefined as unknown as ToPage);
  await soon(40);
  assert.deepEqual(taken, [undefined]);
});
