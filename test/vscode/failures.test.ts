// What goes wrong, and what the user sees: a coded message, and an editor that goes on.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../scripts/setup/terminal.mjs";
import { insideModel } from "../webview/inside-model.ts";
import { missingNeeds } from "../../scripts/setup/debian-packages.mjs";
import { cutOff, example, modelFolder, onlyOldest } from "./models.ts";
import { compiled, settled, showTexts, startSession, untilSeen, VscodeWindow, type Session } from "./rig/index.ts";

const folder = modelFolder({
  "example.onnx": example,
  "cut.onnx": example,
  "text.onnx": path.join(root, "package.json"),
});
cutOff(path.join(folder.path, "cut.onnx"));
writeFileSync(path.join(folder.path, "inside.onnx"), insideModel());
const noCompiler = missingNeeds(["compiler"]).length > 0 ? "no C++ compiler" : false;

let session: Session;
let window: VscodeWindow;

before(async () => {
  if (onlyOldest !== undefined) return;
  session = await startSession();
  window = await VscodeWindow.open(session, { folder: folder.path });
});

after(async () => {
  await window?.close();
  await session?.stop();
  folder.remove();
});

for (const [file, code] of [
  ["cut.onnx", "onnx-truncated"],
  ["text.onnx", "onnx-"],
] as const) {
  test(`${file} opens as an error with a code`, { skip: onlyOldest }, async () => {
    const page = await window.openModel(file);
    const notice = page.locator(".notice.error");
    await notice.waitFor();
    const text = await notice.innerText();
    assert.match(text, new RegExp(code));
    assert.doesNotMatch(text, /\bat .*\.(ts|js|cjs):\d/);
    await window.screenshot(`error-${file}`);
    await window.command("View: Close Editor");
  });
}

test("a file that changes on disk is read again when the user says so", { skip: onlyOldest }, async () => {
  const page = await window.openModel("cut.onnx");
  await page.locator(".notice.error").waitFor();
  const reload = window.page.locator(".notification-toast .monaco-button").filter({ hasText: "Reload" });
  // The watcher starts a while after the file was opened: the file is written until the change is seen.
  await untilSeen("the offer to reload", () => Promise.resolve(cpSync(example, path.join(folder.path, "cut.onnx"))), {
    seen: () => reload.isVisible(),
  });
  await reload.click();
  await compiled(page);
  assert.equal(await page.locator(".notice.error").isVisible(), false);
  await window.command("View: Close Editor");
});

test("what is not compiled: in the graph, in the trees and in Problems", { skip: onlyOldest }, async () => {
  const page = await window.openModel("inside.onnx");
  await compiled(page);
  await page
    .locator(".status-line")
    .filter({ hasText: /compiled: \d+ of \d+ nodes/ })
    .waitFor();
  await page.locator("#list-nodes .row").filter({ hasText: "choice" }).first().click();
  await page.locator(".details button").filter({ hasText: "then_branch" }).first().click();
  await page.locator("#list-nodes .row").filter({ hasText: "Relu" }).waitFor();
  await window.screenshot("inside-body");
  await page.locator(".graph-heading button").filter({ hasText: "whole graph" }).click();
  await settled(page);
  await window.screenshot("inside");
  const problems = window.page.locator(".markers-panel");
  const shown = (): Promise<boolean> => problems.isVisible();
  const counts = window.page.locator('.statusbar-item[id="status.problems"] a');
  await untilSeen("Problems", () => counts.click(), { seen: shown, begun: shown });
  await problems.locator(".monaco-list-row").filter({ hasText: "Mystery: not compiled" }).first().waitFor();
  await untilSeen("Problems gone", () => counts.click(), { seen: async () => !(await shown()), begun: async () => !(await shown()) });
  await window.command("View: Close Editor");
});

test("the example opens after that", { skip: onlyOldest }, async () => {
  await compiled(await window.openModel("example.onnx"));
  assert.deepEqual(window.errors(), []);
});

test("the runner killed in mid-run gives a coded message, and the next benchmark works", { skip: onlyOldest ?? noCompiler }, async () => {
  const page = await window.webview();
  await window.command("Fusionscope: Benchmark the Model");
  const killed = await killRunner(session);
  assert.ok(killed > 0);
  await page.getByText("runner-").first().waitFor({ timeout: 60_000 });
  await compiled(page);
  await window.screenshot("runner-killed");
  await window.command("Fusionscope: Benchmark the Model");
  await page.locator(".bench-result").waitFor({ timeout: 120_000 });
});

test("the compiler thread restarted: texts come again", { skip: onlyOldest }, async () => {
  await window.command("Fusionscope: Restart the Compiler");
  await window.command("Fusionscope: Open Generated C++");
  await window.page.locator(".editor-instance .view-line").filter({ hasText: "#include" }).first().waitFor();
});

const settingsThatFail = [
  { setting: "fusionscope.compilerPath", value: "/nowhere/g++", shows: /compiler/ },
  { setting: "fusionscope.cacheFolder", value: path.join(folder.path, "example.onnx"), shows: /write|cache/i },
];
for (const { setting, value, shows } of settingsThatFail) {
  test(
    `${setting} that does not work: assembly gives a coded message, the code can still be read`,
    { skip: onlyOldest ?? noCompiler },
    async () => {
      changeSettings({ [setting]: value });
      await window.openFile("example.onnx");
      const page = await window.webview();
      await compiled(page);
      await page.getByRole("tab", { name: "Kernels" }).click();
      await showTexts(page, "C++", "Assembly");
      const notice = page.locator(".code-notice .error-text");
      await notice.filter({ hasText: shows }).waitFor({ timeout: 60_000 });
      assert.doesNotMatch(await notice.innerText(), /\bat .*\.(ts|js|cjs):\d/);
      await page.locator(".code-column .line").filter({ hasText: "FS_REGION_FUNCTION" }).first().waitFor();
      await window.screenshot(`setting-${setting.split(".")[1]}`);
      changeSettings({});
      await page
        .locator(".code-column .line")
        .filter({ hasText: /\b(?:lea|mov|push|xor)\s/ })
        .first()
        .waitFor({ timeout: 60_000 });
    },
  );
}

/** Writes the settings of the folder, as a user does who edits the file. */
function changeSettings(settings: Readonly<Record<string, unknown>>): void {
  mkdirSync(path.join(folder.path, ".vscode"), { recursive: true });
  writeFileSync(path.join(folder.path, ".vscode/settings.json"), JSON.stringify(settings));
}

/** Kills the first native runner below this session's server. @returns its process id */
async function killRunner({ dataFolder }: Session): Promise<number> {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      if (!isRunnerOf(pid, dataFolder)) continue;
      await new Promise((resolve) => setTimeout(resolve, 300)); // in mid-run, not at its start
      process.kill(Number(pid), "SIGKILL");
      return Number(pid);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return 0;
}

/** Only runners of this very server: others may be at work on this machine. */
function isRunnerOf(pid: string, dataFolder: string): boolean {
  try {
    const [program] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return /runner[^/]*$/.test(program ?? "") && readFileSync(`/proc/${pid}/environ`, "utf8").includes(dataFolder);
  } catch {
    return false; // it has ended, or belongs to somebody else
  }
}
