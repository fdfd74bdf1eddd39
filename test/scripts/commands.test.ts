// The commands around the compiler, started as a user starts them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { root } from "../../scripts/setup/terminal.mjs";

const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-commands-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

function node(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = root): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env: { ...process.env, ...env }, encoding: "utf8" });
  return { code: status, out: stdout, error: stderr };
}

const wrongUses: readonly { args: readonly string[]; code: number; says: RegExp }[] = [
  { args: ["scripts/test.mjs", "no-such-suite"], code: 2, says: /^error\[usage\]: no suite and no test file matches no-such-suite/ },
  { args: ["scripts/test.mjs", "--frobnicate"], code: 2, says: /^error\[usage\]: .*frobnicate/ },
  { args: ["scripts/start.mjs", "--port", "x"], code: 2, says: /^error\[usage\]: --port x is not a port/ },
  { args: ["scripts/start.mjs", "a.onnx", "b.onnx"], code: 2, says: /^error\[usage\]: one model at a time/ },
  { args: ["scripts/start.mjs", "nowhere.onnx"], code: 3, says: /^error\[model-not-found\]: there is no file .*nowhere\.onnx/ },
  { args: ["esbuild.mjs", "--fast"], code: 2, says: /^error\[usage\]: unknown option --fast/ },
];

for (const { args, code, says } of wrongUses) {
  test(`${args.join(" ")}: one coded line, exit code ${code}`, () => {
    const ended = node(args);
    assert.equal(ended.code, code);
    assert.match(ended.error, says);
    assert.equal(ended.error.trim().split("\n").length, 1);
  });
}

for (const script of ["scripts/test.mjs", "scripts/start.mjs"]) {
  test(`${script} --help`, () => {
    const ended = node([script, "--help"]);
    assert.equal(ended.code, 0);
    assert.match(ended.out, /--no-install/);
  });
}

test("what is missing is named with the command that installs it, exit code 4", () => {
  // Without a PATH no compiler and no Chromium is found.
  const ended = node(["scripts/test.mjs", "vscode", "--no-install"], { PATH: folder, CHROMIUM: "" });
  assert.equal(ended.code, 4);
  assert.match(ended.error, /^error\[system-package-missing\]: Chromium/);
});

/** A copy of what the launcher needs, without what has been built. */
function emptyCheckout(name: string): string {
  const copy = path.join(folder, name);
  mkdirSync(path.join(copy, "bin"), { recursive: true });
  cpSync(path.join(root, "bin/fusionscope"), path.join(copy, "bin/fusionscope"));
  writeFileSync(path.join(copy, "package.json"), '{"type":"module"}');
  return copy;
}

test("bin/fusionscope without packages says what to run, exit code 4", () => {
  const ended = node([path.join(emptyCheckout("empty"), "bin/fusionscope")]);
  assert.equal(ended.code, 4);
  assert.match(ended.error, /^error\[not-built\]: .*; run: cd .* && npm ci && npm run build\n$/);
});

test("bin/fusionscope works through a link and from any folder", () => {
  const copy = emptyCheckout("linked");
  mkdirSync(path.join(copy, "dist"));
  writeFileSync(path.join(copy, "dist/cli.mjs"), "console.log(JSON.stringify(process.argv.slice(2)));");
  const link = path.join(folder, "fs");
  symlinkSync(path.join(copy, "bin/fusionscope"), link);
  const ended = spawnSync(link, ["passes", "--json"], { cwd: folder, encoding: "utf8" });
  assert.equal(ended.stdout, '["passes","--json"]\n');
});

test("npm start gives the desktop VS Code both extensions, the model and its folder", () => {
  const programs = path.join(folder, "programs");
  mkdirSync(programs);
  const record = path.join(folder, "code.log");
  const code = path.join(programs, "code");
  writeFileSync(
    code,
    `#!/bin/sh\n[ "$1" = --version ] && echo 1.100.0 && exit\nprintf '%s\\n' "$FUSIONSCOPE_START_MODEL" "$@" > '${record}'\n`,
  );
  chmodSync(code, 0o755);
  const model = path.join(folder, "a model.onnx");
  writeFileSync(model, "");
  // The build is the runner's: this one would replace its bundles.
  const ended = node(["scripts/start.mjs", model, "--no-install", "--skip-missing", "--no-build"], {
    PATH: `${programs}:${process.env["PATH"]}`,
    VSCODE_IPC_HOOK_CLI: "",
  });
  assert.equal(ended.code, 0, ended.error);
  const opener = path.join(root, "scripts/vscode/opener");
  assert.deepEqual(readFileSync(record, "utf8").trim().split("\n"), [
    model,
    "--new-window",
    `--extensionDevelopmentPath=${root}`,
    `--extensionDevelopmentPath=${opener}`,
    folder,
  ]);
});
