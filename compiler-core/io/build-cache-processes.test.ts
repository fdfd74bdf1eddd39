/** The build cache between processes: makers at the same time, makers that are killed, eviction and clearing under way. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { cachedBuild, removeWhole } from "./build-cache.ts";

const keys = ["a", "b", "c", "d"];
const textOf = (key: string): string => key.repeat(5000);
const files = 12;

/** Writes many files with pauses between them, so that a kill falls into the middle. */
async function make(key: string, draft: string): Promise<void> {
  for (let i = 0; i < files; i++) {
    fs.writeFileSync(path.join(draft, `${i}.txt`), textOf(key));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** What a user of an entry reads: right, or gone; never anything else. */
function look(folder: string, key: string): "right" | "gone" | "wrong" {
  try {
    for (let i = 0; i < files; i++) if (fs.readFileSync(path.join(folder, `${i}.txt`), "utf8") !== textOf(key)) return "wrong";
    return "right";
  } catch {
    return "gone";
  }
}

/** One of the processes: takes entries again and again, and ends with what it saw. */
async function worker(root: string, rounds: number, limitBytes: number): Promise<void> {
  const seen = { right: 0, gone: 0, wrong: 0 };
  process.stderr.write("begun ");
  for (let i = 0; i < rounds; i++) {
    const key = keys[(i * 7 + process.pid) % keys.length] ?? "";
    const { folder } = await cachedBuild(key, (draft) => make(key, draft), { root, limitBytes });
    seen[look(folder, key)]++;
  }
  process.stdout.write(JSON.stringify(seen));
}

interface Ended {
  readonly code: number | null;
  readonly seen: { readonly right: number; readonly gone: number; readonly wrong: number } | undefined;
  readonly stderr: string;
}

/** Starts this file as a worker; `killAfterMs`: it is killed so long after it has begun to make. */
function start(root: string, rounds: number, limitBytes: number, killAfterMs?: number): Promise<Ended> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    env: { ...process.env, FUSIONSCOPE_TEST_CACHE_WORKER: JSON.stringify([root, rounds, limitBytes]), NODE_TEST_CONTEXT: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (d: Buffer) => (stdout += d.toString()));
  child.stderr.on("data", (d: Buffer) => (stderr += d.toString()));
  if (killAfterMs !== undefined) child.stderr.once("data", () => setTimeout(() => child.kill("SIGKILL"), killAfterMs));
  return new Promise((resolve) =>
    child.on("close", (code) => resolve({ code, stderr, seen: code === 0 ? (JSON.parse(stdout) as Ended["seen"]) : undefined })),
  );
}

function freshRoot(t: { after: (f: () => void) => void }): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-cache-"));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  return root;
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Every entry has a manifest, and what it says. */
function assertSound(root: string): void {
  for (const key of fs.readdirSync(root).filter((e) => !e.startsWith("."))) {
    const manifest = JSON.parse(fs.readFileSync(path.join(root, key, "manifest.json"), "utf8")) as {
      files: Record<string, { sha256: string }>;
    };
    assert.equal(Object.keys(manifest.files).length, files, key);
    for (const [name, { sha256 }] of Object.entries(manifest.files))
      assert.equal(hash(fs.readFileSync(path.join(root, key, name), "utf8")), sha256, `${key}/${name}`);
  }
}

const role = process.env["FUSIONSCOPE_TEST_CACHE_WORKER"];
if (role !== undefined) {
  await worker(...(JSON.parse(role) as [string, number, number]));
} else {
  test("processes make the same entries at once, some are killed: what is found is whole", async (t) => {
    const root = freshRoot(t);
    const limit = 1e9;
    const ended = await Promise.all([
      ...[2, 9, 17, 26].map((ms) => start(root, 1e6, limit, ms)),
      ...[0, 1, 2].map(() => start(root, 12, limit)),
    ]);
    for (const { code, seen, stderr } of ended.slice(4)) {
      assert.equal(code, 0, stderr);
      assert.deepEqual(seen, { right: 12, gone: 0, wrong: 0 });
    }
    assertSound(root);
    assert.deepEqual(
      fs
        .readdirSync(root)
        .filter((e) => !e.startsWith("."))
        .sort(),
      keys,
    );
    // What the killed ones left goes when it is old.
    const old = new Date(Date.now() - 7_200_000);
    fs.mkdirSync(path.join(root, ".draft-1-a"));
    for (const left of fs.readdirSync(root).filter((e) => e.startsWith("."))) fs.utimesSync(path.join(root, left), old, old);
    await cachedBuild("e", (draft) => make("e", draft), { root, limitBytes: limit });
    assert.deepEqual(
      fs.readdirSync(root).filter((e) => e.startsWith(".")),
      [],
    );
  });

  test("entries that another process evicts are gone as a whole", async (t) => {
    const root = freshRoot(t);
    const ended = await Promise.all([0, 1, 2].map(() => start(root, 15, 2.5 * files * 5000)));
    for (const { code, seen, stderr } of ended) {
      assert.equal(code, 0, stderr);
      assert.equal(seen?.wrong, 0);
      assert.ok((seen?.right ?? 0) > 0);
    }
    assertSound(root);
    assert.ok(fs.readdirSync(root).filter((e) => !e.startsWith(".")).length <= 3);
  });

  test("a cache that is cleared while something is made is filled again", async (t) => {
    const base = freshRoot(t);
    const root = path.join(base, "builds");
    let calls = 0;
    const result = await cachedBuild(
      "a",
      async (draft) => {
        if (++calls === 1) await removeWhole(root);
        await make("a", draft);
      },
      { root },
    );
    assert.deepEqual([calls, look(result.folder, "a")], [2, "right"]);
    assert.deepEqual(fs.readdirSync(base), ["builds"]);
  });
}
