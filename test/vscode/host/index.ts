// Tests inside the extension host, with the whole vscode API. This module is the contract of @vscode/test-electron: run() resolves when all
// is well. The same bundle runs in the VS Code server (test/vscode/host.test.ts) and in a desktop VS Code (test/desktop).
import Mocha from "mocha";
import { extensionSuite } from "./extension.host.ts";
import { modelSuite } from "./model.host.ts";

/** The registry: each entry describes its tests when called. A new file is a new line here. */
const suites: Readonly<Record<string, () => void>> = {
  extension: extensionSuite,
  model: modelSuite,
};

export interface HostTestResult {
  readonly title: string;
  readonly state: "passed" | "failed" | "pending";
  readonly error?: string;
}

/** Runs every suite. @returns one result per test; a failed test does not reject, so that all of them are reported */
export async function run(): Promise<HostTestResult[]> {
  const mocha = new Mocha({ ui: "bdd", timeout: 120_000, color: false, reporter: "spec" });
  mocha.suite.emit("pre-require", globalThis, null, mocha);
  for (const [name, define] of Object.entries(suites)) describe(name, define);
  const results: HostTestResult[] = [];
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on("pass", (test) => results.push({ title: test.fullTitle(), state: "passed" }));
    runner.on("fail", (test, error: Error) =>
      results.push({ title: test.fullTitle(), state: "failed", error: error.stack ?? error.message }),
    );
    runner.on("pending", (test) => results.push({ title: test.fullTitle(), state: "pending" }));
  });
  const failed = results.filter(({ state }) => state === "failed");
  if (failed.length > 0 && process.env["FUSIONSCOPE_HOST_RESULTS"] === undefined) throw new Error(`${failed.length} tests failed`);
  return results;
}
