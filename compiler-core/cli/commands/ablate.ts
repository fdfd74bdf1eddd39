/** `fusionscope ablate MODEL`: what each optional pass is worth. */
import { ablateModel, type AblationRow, type ModuleFigures } from "#core/io";
import type { CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, identity, refuseUnsupported, requireCode } from "../request.ts";
import { printable, textTable } from "../text/align.ts";
import { bytesText, plural, ratioText, timeText } from "../text/units.ts";

export const ablate: CommandRunner = async (context) => {
  const { seed = 1, seconds = 0.5 } = context.options;
  const compiled = compileFromLine(context);
  try {
    if (context.options["no-fallback"] === true) refuseUnsupported(compiled.summary);
    requireCode(compiled);
    const { model, compilation, options, machine } = compiled;
    const { base, figures, rows } = await ablateModel(model, compilation, options, machine, {
      ...nativeSettings(context),
      seed,
      seconds,
      onStep: context.log,
    });
    const table = textTable<AblationRow>(
      [
        { title: "without pass", cell: (r) => r.pass },
        { title: "median", align: "right", cell: (r) => timeText(r.medianMs) },
        { title: "slower by", align: "right", cell: (r) => (r.why === undefined ? ratioText(r.ratio) : "") },
        { title: "95 % interval", cell: (r) => (r.why === undefined ? `${ratioText(r.ci95[0])} - ${ratioText(r.ci95[1])}` : "") },
        { title: "ops", align: "right", cell: (r) => changed(r, figures, (f) => f.ops, String) },
        { title: "nests", align: "right", cell: (r) => changed(r, figures, (f) => f.nests, String) },
        { title: "barriers", align: "right", cell: (r) => changed(r, figures, (f) => f.barriers, String) },
        { title: "arena", align: "right", cell: (r) => changed(r, figures, (f) => f.arenaBytes, bytesText) },
        { title: "packed", align: "right", cell: (r) => changed(r, figures, (f) => f.packedBytes, bytesText) },
        { title: "traffic", align: "right", cell: (r) => changed(r, figures, (f) => f.trafficBytes, bytesText) },
        { title: "", cell: (r) => r.why ?? "" },
      ],
      rows,
    );
    return {
      json: { ...identity(compiled), base, figures, rows },
      text: [`${printable(model.name)}: ${timeText(base.medianMs)} with all passes`, figuresText(figures), "", ...table],
    };
  } finally {
    compiled.model.close();
  }
};

function figuresText(f: ModuleFigures): string {
  const memory = `arena ${bytesText(f.arenaBytes)}, packed ${bytesText(f.packedBytes)}, ${bytesText(f.trafficBytes)} read and written by nests`;
  return `${plural(f.ops, "operator")}, ${plural(f.nests, "nest")}, ${plural(f.barriers, "barrier")}; ${memory}`;
}

/** A figure without the pass, where it is another one. */
function changed(row: AblationRow, base: ModuleFigures, pick: (f: ModuleFigures) => number, text: (n: number) => string): string {
  const own = row.figures === undefined ? undefined : pick(row.figures);
  return own === undefined || own === pick(base) ? "" : text(own);
}
