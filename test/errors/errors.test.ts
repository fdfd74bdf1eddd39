/** Every error code: a sample that gives it, on one line, with its exit code and the same error in the JSON; or where that is tested. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { messages, type MessageCode } from "#core";
import { localMachine } from "#core/io";
import { fusionscope, jsonOf, noCompiler, root } from "../cli/command-line.ts";
import { elsewhere, samples, untried, type Sample } from "./samples.ts";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-errors-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

function skip({ code, native }: Sample): string | false {
  if (code === "isa-missing" && localMachine().features.includes("amx_tile")) return "this machine has AMX";
  return native === true ? noCompiler : false;
}

for (const sample of samples) {
  test(sample.code, { skip: skip(sample) }, async () => {
    const dir = fs.mkdtempSync(path.join(scratch, "sample-"));
    sample.make?.(dir);
    const done = await fusionscope([...sample.words(dir), "--json"], sample.env?.(dir) ?? {});
    const line = done.stderr.split("\n").filter((l) => l.startsWith("error["));
    assert.equal(line.length, 1, done.stderr);
    assert.ok(line[0]?.startsWith(`error[${sample.code}]: `), line[0]);
    assert.match(line[0] ?? "", sample.says);
    assert.doesNotMatch(done.stderr, /\n +at |\.[cm]?[jt]s:\d+/, "a stack trace is no message");
    assert.equal(done.code, messages[sample.code].exit);
    const { error } = jsonOf(done) as { error: { code: string; exit: number } };
    assert.deepEqual([error.code, error.exit], [sample.code, done.code]);
  });
}

test("every code has a sample, a test of its own, or a reason", () => {
  const codes = Object.keys(messages) as MessageCode[];
  const sampled = new Set<string>(samples.map((s) => s.code));
  assert.deepEqual(
    codes.filter((c) => !sampled.has(c) && elsewhere[c] === undefined && untried[c] === undefined),
    [],
  );
  const twice = codes.filter((c) => [sampled.has(c), c in elsewhere, c in untried].filter(Boolean).length > 1);
  assert.deepEqual(twice, [], "one place each");
  for (const [code, file] of Object.entries(elsewhere)) {
    const text = fs.readFileSync(path.join(root, file), "utf8");
    assert.ok(text.includes(code), `${file} does not name ${code}`);
  }
});

test("messages fill their holes and say what to do", () => {
  for (const [code, row] of Object.entries(messages)) {
    assert.match(row.next, /\w/, code);
    assert.doesNotMatch(row.text + row.next, /\n|\.$/, `${code} is one line without a full stop`);
  }
});
