/**
 * The same model, options and machine profile give the same bytes of C++: every model at hand twice in one process, in the opposite order the second
 * time, so that nothing that was compiled before may show, and a part of them once more in a process of its own.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { defaultOptions, isaSets, type MachineProfile } from "#core";
import { compileModel, openSessionModel } from "#core/io";

/** Not that of this machine: goldens of another one would be these bytes, too. */
const machine: MachineProfile = {
  name: "pinned",
  cores: 4,
  caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 25 },
  features: isaSets["avx512-bf16"],
};

/** Of the C++ and of what else a build takes; undefined where there is no code. */
function digest(file: string): string | undefined {
  let model: ReturnType<typeof openSessionModel>;
  try {
    model = openSessionModel(file);
  } catch {
    return undefined; // a file that no reader takes
  }
  try {
    const { source } = compileModel(model, { ...defaultOptions, threads: 2, isa: "avx512-bf16" }, machine);
    if (source === undefined) return undefined;
    const { packed, arena } = { packed: source.plan.packedBytes, arena: source.plan.arenaBytes };
    return createHash("sha256").update(source.text).update(`${packed} ${arena}`).digest("hex");
  } catch {
    return undefined;
  } finally {
    model.close();
  }
}

if (process.env["DIGEST_OF"] !== undefined) {
  console.log(JSON.stringify(process.env["DIGEST_OF"].split("\n").map((f) => digest(f) ?? null)));
} else {
  const shared = path.resolve("../shared/models");
  const folders = ["test/models", ...(fs.existsSync(shared) ? fs.readdirSync(shared).map((d) => path.join(shared, d)) : [])];
  const files = folders
    .filter((d) => fs.statSync(d).isDirectory())
    .flatMap((d) => fs.readdirSync(d).map((f) => path.join(d, f)))
    .filter((f) => f.endsWith(".onnx") && fs.statSync(f).size < 2 ** 25);

  test("every model twice: the same bytes", (t) => {
    const first = new Map(files.map((f) => [f, digest(f)]));
    const compiled = files.filter((f) => first.get(f) !== undefined);
    const other = [...compiled].reverse().filter((f) => digest(f) !== first.get(f));
    t.diagnostic(`${compiled.length} of ${files.length} models give C++`);
    assert.deepEqual(other, [], "these are not the same the second time");
    assert.ok(compiled.length > 0);

    const few = compiled.filter((_, i) => i % 10 === 0);
    const ran = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], {
      env: { ...process.env, NODE_TEST_CONTEXT: "", DIGEST_OF: few.join("\n") },
      encoding: "utf8",
    });
    assert.equal(ran.status, 0, ran.stderr);
    assert.deepEqual(
      JSON.parse(ran.stdout),
      few.map((f) => first.get(f)),
      "another process gives other bytes",
    );
  });
}
