import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { isaSets, type IsaName } from "../machine.ts";
import { UserError } from "../messages.ts";
import { compile, compileFlags, firstError, probeCompiler, type Toolchain } from "./toolchain.ts";

/** A stand-in for a compiler: a shell script. */
function script(t: { after: (f: () => void) => void }, body: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-cxx-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, "cxx");
  fs.writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}

const gcc: Toolchain = { command: "g++", kind: "gcc", version: "12.2.0", banner: "" };

const banners: readonly (readonly [string, string])[] = [
  ["g++ (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc 12.2.0"],
  ["g++ (Ubuntu 13.3.0-6ubuntu2~24.04) 13.3.0", "gcc 13.3.0"],
  ["Debian clang version 19.1.7 (3~deb12u1)", "clang 19.1.7"],
  ["clang version 14.0.6", "clang 14.0.6"],
];
for (const [banner, expected] of banners) {
  test(`recognises ${banner}`, async (t) => {
    const found = await probeCompiler(script(t, `echo '${banner}'`));
    assert.ok("kind" in found);
    assert.equal(`${found.kind} ${found.version}`, expected);
  });
}

test("says why a compiler cannot be used", async (t) => {
  assert.deepEqual(await probeCompiler("/nowhere/g++"), { why: "not on the PATH" });
  const old = await probeCompiler(script(t, "echo 'g++ (GCC) 9.4.0'"));
  assert.ok("why" in old && /9\.4\.0 is too old/.test(old.why));
  const broken = await probeCompiler(script(t, "exit 3"));
  assert.ok("why" in broken && /does not run/.test(broken.why));
});

test("every instruction set has flags that never include fast math", { skip: os.arch() === "x64" ? false : "x86-64 only" }, () => {
  for (const isa of Object.keys(isaSets) as IsaName[]) {
    const flags = compileFlags(isa, gcc);
    assert.ok(flags.some((f) => f.startsWith("-march=")) && flags.includes("-ffp-contract=off"));
    assert.ok(!flags.some((f) => /fast-math|unsafe-math|finite-math/.test(f)));
  }
  assert.ok(compileFlags("avx512", gcc, { profile: true }).includes("-DFS_PROFILE"));
});

const failures: readonly (readonly [string, string, string])[] = [
  [
    "compile-failed",
    "echo 'model.cpp:3:7: warning: x' >&2; echo 'model.cpp:4:1: error: expected expression' >&2; exit 1",
    "model.cpp:4:1: error: expected expression",
  ],
  ["cache-full", "echo 'fatal error: error writing to a.o: No space left on device' >&2; exit 1", ""],
  ["compiler-timeout", "exec sleep 5", ""],
];
for (const [code, body, text] of failures) {
  test(`${code} is a coded error`, async (t) => {
    const toolchain = { ...gcc, command: script(t, body) };
    await assert.rejects(
      compile(toolchain, [], { timeoutMs: 300 }),
      (e) => e instanceof UserError && e.code === code && e.message.includes(text),
    );
  });
}

test("a compiler that vanished is missing", async () => {
  await assert.rejects(
    compile({ ...gcc, command: "/nowhere/g++" }, []),
    (e) => e instanceof UserError && e.code === "compiler-missing" && e.exit === 4,
  );
});

test("the first error line is found among warnings and notes", () => {
  assert.equal(
    firstError("In file included from a.hpp\nb.cpp:1:2: warning: w\nb.cpp:9:9: error: e\nb.cpp:10:1: error: f"),
    "b.cpp:9:9: error: e",
  );
  assert.equal(firstError("/usr/bin/ld: x.o: undefined reference to `fs_run'"), "/usr/bin/ld: x.o: undefined reference to `fs_run'");
  assert.equal(firstError("something else\nmore"), "something else");
});
