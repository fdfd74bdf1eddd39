/** `fusionscope check MODEL`: random inputs, compared with ONNX Runtime or the evaluator; with `--each-pass`, pass by pass. */
import {
  checkEachPass,
  checkModel,
  emitCompilation,
  findOrtLibrary,
  openSessionModel,
  randomInputs,
  referenceGraph,
  type CheckedOutput,
  type CheckResult,
  type PassCheck,
} from "#core/io";
import { UserError } from "#core";
import type { CommandContext, CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, identity, refuseUnsupported, requireCode, type Compiled } from "../request.ts";
import { coverageText } from "../text/coverage.ts";
import { printable, textTable } from "../text/align.ts";
import { errorText, percentText } from "../text/units.ts";

/** With extents that nobody gave, one more attempt is made with the smallest where ONNX Runtime fails on the usual ones. */
export const check: CommandRunner = async (context) => {
  try {
    return await checkOnce(context);
  } catch (e) {
    const smallest = isCannotRun(e) ? smallestDims(context) : undefined;
    if (smallest === undefined) throw e;
    context.log("ONNX Runtime cannot run it with the usual extents: once more with 1 for each");
    try {
      return await checkOnce({ ...context, options: { ...context.options, dim: smallest } });
    } catch {
      throw e;
    }
  }
};

const isCannotRun = (e: unknown): boolean => e instanceof UserError && e.code === "ort-cannot-run";

/** 1 for every symbolic extent; a total follows from its parts. Undefined where extents are given, or there are none to choose. */
function smallestDims(context: CommandContext): Readonly<Record<string, number>> | undefined {
  if (Object.keys(context.options.dim ?? {}).length > 0) return undefined;
  const model = openSessionModel(context.arguments[0] ?? "");
  const names = model.dims.filter((name) => !/total/i.test(name) && model.defaultDims[name] !== 1);
  model.close();
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, 1]));
}

const checkOnce: CommandRunner = async (context) => {
  const { seed = 1, emit } = context.options;
  const compiled = compileFromLine(context);
  try {
    if (context.options["no-fallback"] === true) refuseUnsupported(compiled.summary);
    const passes = context.options["each-pass"] === true ? eachPass(context, compiled, seed) : undefined;
    requireCode(compiled);
    if (emit !== undefined) emitCompilation(compiled.compilation, emit);
    const against = context.options.against === "eval" || findOrtLibrary() === undefined ? "eval" : "ort";
    const result = await checkModel(compiled.model, compiled.compilation, {
      ...nativeSettings(context),
      against,
      elseEval: context.options.against === undefined,
      seed,
      onStep: context.log,
    });
    const firstBad = passes?.find((p) => !p.ok);
    const ok = result.ok && firstBad === undefined;
    const pass = passes === undefined ? {} : { eachPass: passes, firstBadPass: firstBad?.pass ?? null };
    const json = {
      ...identity(compiled),
      ...result,
      ok,
      seed,
      unsupported: compiled.summary.unsupported,
      coverage: compiled.summary.coverage,
      ...pass,
    };
    return {
      json,
      text: [...(passes === undefined ? [] : [...passTable(passes), ""]), ...resultText(result, ok, compiled)],
      exit: ok ? 0 : 1,
    };
  } finally {
    compiled.model.close();
  }
};

function eachPass({ log }: CommandContext, { model, compilation }: Compiled, seed: number): PassCheck[] {
  const inputs = randomInputs(model.graph, referenceGraph(compilation), seed);
  return checkEachPass(compilation, inputs, (row) =>
    log(`${row.index} ${row.pass}: ${row.ok ? "ok" : "differs"} (${row.evaluated} of ${row.of} evaluated)`),
  );
}

function passTable(rows: readonly PassCheck[]): string[] {
  return textTable<PassCheck>(
    [
      { title: "#", align: "right", cell: (p) => String(p.index) },
      { title: "pass", cell: (p) => p.pass },
      { title: "max abs", align: "right", cell: (p) => errorText(p.maxAbs) },
      { title: "evaluated", align: "right", cell: (p) => `${p.evaluated} of ${p.of}` },
      { title: "", cell: (p) => (p.ok ? "ok" : `differs ${p.why ?? ""}`) },
    ],
    rows,
  );
}

function resultText(result: CheckResult, ok: boolean, { summary }: Compiled): string[] {
  const reference = result.against === "ort" ? `ONNX Runtime ${result.version ?? ""}` : "the evaluator in f32";
  const table = textTable<CheckedOutput>(
    [
      { title: "output", cell: (o) => printable(o.name) },
      { title: "type", cell: (o) => `${o.dtype} ${o.shape.join("x")}` },
      { title: "our error", align: "right", cell: (o) => errorText(o.error) },
      { title: "reference's", align: "right", cell: (o) => errorText(o.referenceError) },
      { title: "limit", align: "right", cell: (o) => errorText(o.limit) },
      { title: "non-zero", align: "right", cell: (o) => percentText(o.nonZero) },
      { title: "saturated", align: "right", cell: (o) => percentText(o.saturated) },
      { title: "", cell: verdictText },
    ],
    result.outputs,
  );
  const direct = result.outputs.find((o) => o.method === "direct");
  const method = result.outputs.every((o) => o.method === "direct")
    ? `compared with ${reference}`
    : `errors against f64, beside ${reference}`;
  return [
    ...table,
    "",
    `compiled: ${coverageText(summary)}`,
    ...(result.note === undefined ? [] : [`held against the evaluator: ${printable(result.note)}`]),
    ...(direct === undefined ? [] : [`compared directly where nothing can be evaluated in f64: ${printable(direct.because ?? "")}`]),
    `${ok ? "ok" : "not ok"}: ${method}`,
  ];
}

function verdictText(o: CheckedOutput): string {
  if (!o.ok) return `differs: ${o.why ?? ""}`;
  if (o.method === "none") return o.because ?? "not compared";
  return `ok${o.method === "direct" ? " (direct)" : ""}${o.degenerate ? ", but degenerate: it proves little" : ""}`;
}
