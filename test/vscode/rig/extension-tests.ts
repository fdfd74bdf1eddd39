// Runs a module's run() in the real extension host: the contract of @vscode/test-electron, so that the same compiled suite runs there too.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { format } from "node:util";
import { type Session } from "./session.ts";
import { VscodeWindow, type WindowOptions } from "./window.ts";

export interface HostRun {
  /** run() resolved and the extension host ended with 0. */
  readonly ok: boolean;
  /** What run() resolved to, or its error. */
  readonly value?: unknown;
  readonly error?: string;
  /** What the module printed. */
  readonly lines: readonly string[];
  /** The host ended before run() did. */
  readonly crashed: boolean;
  readonly timedOut: boolean;
}

// VS Code does not get the module itself but this one around it: a host that dies early is reported as exit code 0, so only the file
// that is written at the end counts.
const wrapper = `const fs = require("fs");
const { pathToFileURL } = require("url");
const { tests, env } = JSON.parse(fs.readFileSync(__filename + ".json", "utf8"));
const end = (result) => fs.writeFileSync(__filename + ".result", JSON.stringify(result));
exports.run = async () => {
  Object.assign(process.env, env);
  try {
    const module = await import(pathToFileURL(tests));
    const value = await (module.run ?? module.default.run)();
    end({ ok: true, value });
  } catch (error) {
    end({ ok: false, error: String(error?.stack ?? error) });
    throw error;
  }
};
`;

export interface HostRunOptions extends Omit<WindowOptions, "testsModule" | "beforeOpen"> {
  /** A CommonJS module that exports run(). */
  readonly module: string;
  /** Variables of the tests' process. */
  readonly env?: Readonly<Record<string, string>>;
}

const exitPattern = /Extension Host Process exited with code: (\S+), signal: (\S+)/;

export async function runInExtensionHost(session: Session, options: HostRunOptions): Promise<HostRun> {
  const limit = Date.now() + (options.timeout ?? 240_000);
  const testsModule = path.join(mkdtempSync(path.join(session.dataFolder, "tests-")), "run.cjs");
  writeFileSync(testsModule, wrapper);
  writeFileSync(`${testsModule}.json`, JSON.stringify({ tests: path.resolve(options.module), env: options.env ?? {} }));
  const lines: string[] = [];
  const seen = session.output().length;
  const hostExit = (): RegExpExecArray | null => exitPattern.exec(session.output().slice(seen));
  let windowCode: number | undefined;
  const window = await VscodeWindow.open(session, {
    ...options,
    testsModule,
    beforeOpen: async (page) => {
      await page.exposeFunction("codeAutomationLog", (_kind: string, args: unknown[]) => lines.push(withoutColours(format(...args))));
      await page.exposeFunction("codeAutomationExit", (code: number) => (windowCode = code));
    },
  });
  try {
    while (windowCode === undefined && hostExit() === null && Date.now() < limit)
      await window.page.waitForTimeout(50).catch(() => undefined);
    // The window's word and the host's end come one after the other.
    for (let n = 0; n < 40 && hostExit() === null && windowCode !== undefined; n++) await new Promise((resolve) => setTimeout(resolve, 50));
    const resultFile = `${testsModule}.result`;
    const result = existsSync(resultFile)
      ? (JSON.parse(readFileSync(resultFile, "utf8")) as { ok: boolean; value?: unknown; error?: string })
      : undefined;
    const exit = hostExit();
    const ok = result?.ok === true && (windowCode ?? 0) === 0 && (exit === null || exit[1] === "0");
    if (!ok) await window.screenshot(`host-tests-${process.pid}`).catch(() => undefined);
    return {
      ok,
      value: result?.value,
      error: result?.error,
      lines,
      crashed: result === undefined && exit !== null,
      timedOut: windowCode === undefined && exit === null,
    };
  } finally {
    await window.close().catch(() => undefined);
  }
}

function withoutColours(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}
