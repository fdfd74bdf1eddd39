/** `fusionscope run MODEL --data DIR`: stored inputs in, stored outputs compared. */
import { userError } from "#core";
import { emitCompilation, runStored, type StoredOutput } from "#core/io";
import type { CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, identity, refuseUnsupported, requireCode } from "../request.ts";
import { coverageText } from "../text/coverage.ts";
import { printable, textTable } from "../text/align.ts";
import { errorText } from "../text/units.ts";

export const run: CommandRunner = async (context) => {
  const { data, rtol = 1e-3, atol = 1e-7, emit } = context.options;
  if (data === undefined) userError("usage", {}, { what: "run needs --data DIR", help: "run --help" });
  const compiled = compileFromLine(context, data);
  try {
    if (context.options["no-fallback"] === true) refuseUnsupported(compiled.summary);
    requireCode(compiled);
    if (emit !== undefined) emitCompilation(compiled.compilation, emit);
    const { outputs, ok, buildMs, cached } = await runStored(compiled.compilation, {
      ...nativeSettings(context),
      folder: data,
      rtol,
      atol,
    });
    const json = {
      ...identity(compiled),
      outputs,
      ok,
      unsupported: compiled.summary.unsupported,
      coverage: compiled.summary.coverage,
      buildMs,
      cached,
    };
    const lines = [...outputTable(outputs), "", `compiled: ${coverageText(compiled.summary)}`, ok ? "ok" : "not ok: outputs differ"];
    return { json, text: lines, exit: ok ? 0 : 1 };
  } finally {
    compiled.model.close();
  }
};

function outputTable(outputs: readonly StoredOutput[]): string[] {
  return textTable<StoredOutput>(
    [
      { title: "output", cell: (o) => printable(o.name) },
      { title: "type", cell: (o) => `${o.dtype} ${o.shape.join("x")}` },
      { title: "max abs", align: "right", cell: (o) => errorText(o.maxAbs) },
      { title: "max rel", align: "right", cell: (o) => errorText(o.maxRel) },
      { title: "", cell: (o) => (o.ok ? "ok" : `differs: ${o.why ?? ""}`) },
    ],
    outputs,
  );
}
