import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { UserError } from "../messages.ts";
import { cachedBuild, contentKey } from "./build-cache.ts";

/** A cache folder of its own, gone after the test. */
function freshRoot(t: { after: (f: () => void) => void }): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-cache-"));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  return root;
}

/** A maker that writes `text` and counts how often it was called. */
function maker(text: string): { readonly make: (folder: string) => Promise<void>; readonly calls: () => number } {
  let calls = 0;
  const make = (folder: string): Promise<void> => {
    calls++;
    fs.writeFileSync(path.join(folder, "a.txt"), text);
    fs.mkdirSync(path.join(folder, "sub"));
    fs.writeFileSync(path.join(folder, "sub", "b.txt"), text);
    return Promise.resolve();
  };
  return { make, calls: () => calls };
}

const entries = (root: string): string[] => fs.readdirSync(root).filter((e) => !e.startsWith("."));

test("a key tells apart parts that join to the same text", () => {
  assert.notEqual(contentKey(["ab", "c"]), contentKey(["a", "bc"]));
  assert.equal(contentKey(["ab", "c"]), contentKey(["ab", "c"]));
});

test("an entry is made once and found again", async (t) => {
  const root = freshRoot(t);
  const { make, calls } = maker("hello");
  const first = await cachedBuild("k1", make, { root });
  const second = await cachedBuild("k1", make, { root });
  assert.deepEqual([first.cached, second.cached, calls()], [false, true, 1]);
  assert.equal(fs.readFileSync(path.join(second.folder, "sub", "b.txt"), "utf8"), "hello");
  assert.deepEqual(fs.readdirSync(root), ["k1"], "no drafts are left");
});

test("a fresh build is made anew and not kept", async (t) => {
  const root = freshRoot(t);
  const { make, calls } = maker("hello");
  const fresh = await cachedBuild("k", make, { root, fresh: true });
  assert.equal(fs.readFileSync(path.join(fresh.folder, "a.txt"), "utf8"), "hello");
  assert.deepEqual([fresh.cached, entries(root)], [false, []]);
  const kept = await cachedBuild("k", make, { root });
  const again = await cachedBuild("k", make, { root, fresh: true });
  assert.deepEqual([kept.cached, again.cached, calls()], [false, false, 3]);
  assert.ok(again.folder !== kept.folder && again.folder !== fresh.folder);
});

test("callers at the same time share one making", async (t) => {
  const root = freshRoot(t);
  const { make, calls } = maker("x");
  await Promise.all([1, 2, 3].map(() => cachedBuild("k", make, { root })));
  assert.equal(calls(), 1);
});

const damages: Readonly<Record<string, (folder: string) => void>> = {
  "a torn file": (f) => fs.truncateSync(path.join(f, "a.txt"), 2),
  "a changed byte": (f) => fs.writeFileSync(path.join(f, "a.txt"), "jello"),
  "a missing file": (f) => fs.rmSync(path.join(f, "sub", "b.txt")),
  "a missing manifest": (f) => fs.rmSync(path.join(f, "manifest.json")),
  "a torn manifest": (f) => fs.truncateSync(path.join(f, "manifest.json"), 10),
  "an empty folder": (f) => fs.readdirSync(f).forEach((e) => fs.rmSync(path.join(f, e), { recursive: true })),
};
for (const [name, damage] of Object.entries(damages)) {
  test(`${name} is made again`, async (t) => {
    const root = freshRoot(t);
    const { make, calls } = maker("hello");
    const { folder } = await cachedBuild("k", make, { root });
    damage(folder);
    assert.equal((await cachedBuild("k", make, { root })).cached, false);
    assert.equal(calls(), 2);
    assert.equal(fs.readFileSync(path.join(folder, "a.txt"), "utf8"), "hello");
    assert.equal((await cachedBuild("k", make, { root })).cached, true);
  });
}

test("a failed making leaves nothing and can be repeated", async (t) => {
  const root = freshRoot(t);
  await assert.rejects(
    cachedBuild("k", () => Promise.reject(new Error("no")), { root }),
    /no/,
  );
  assert.deepEqual(fs.readdirSync(root), []);
  assert.equal((await cachedBuild("k", maker("x").make, { root })).cached, false);
});

test("a full disk is a coded error", async (t) => {
  const full = (): Promise<void> => Promise.reject(Object.assign(new Error("write"), { code: "ENOSPC" }));
  await assert.rejects(
    cachedBuild("k", full, { root: freshRoot(t) }),
    (e) => e instanceof UserError && e.code === "cache-full" && e.exit === 4,
  );
});

test(
  "a folder that cannot be written is a coded error",
  { skip: process.getuid?.() === 0 ? "root may write anywhere" : false },
  async (t) => {
    const root = freshRoot(t);
    fs.chmodSync(root, 0o500);
    await assert.rejects(cachedBuild("k", maker("x").make, { root }), (e) => e instanceof UserError && e.code === "file-unwritable");
  },
);

test("the least recently used entries go first", async (t) => {
  const root = freshRoot(t);
  const text = "x".repeat(1000);
  for (const key of ["a", "b", "c"]) {
    const { folder } = await cachedBuild(key, maker(text).make, { root });
    const used = new Date(Date.now() - 60_000 + entries(root).length * 1000);
    fs.utimesSync(path.join(folder, "manifest.json"), used, used);
  }
  await cachedBuild("a", maker(text).make, { root });
  await cachedBuild("d", maker(text).make, { root, limitBytes: 6000 });
  assert.deepEqual(entries(root).sort(), ["a", "c", "d"]);
  await cachedBuild("e", maker(text).make, { root, limitBytes: 10 });
  assert.deepEqual(entries(root), ["e"], "the entry just made is never removed");
});

test("two makers of the same entry leave one sound entry", async (t) => {
  const root = freshRoot(t);
  // The second process is played by the maker itself: it puts the entry there before the rename.
  const { folder } = await cachedBuild("k", maker("first").make, { root: path.join(root, "other") });
  const racing = async (draft: string): Promise<void> => {
    fs.cpSync(folder, path.join(root, "k"), { recursive: true });
    await maker("second").make(draft);
  };
  const result = await cachedBuild("k", racing, { root });
  assert.equal(fs.readFileSync(path.join(result.folder, "a.txt"), "utf8"), "first");
  assert.equal((await cachedBuild("k", maker("third").make, { root })).cached, true);
});
