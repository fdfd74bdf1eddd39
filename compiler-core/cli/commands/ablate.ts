/** `fusionscope ablate MODEL`: what each optional pass is worth. */
import { ablateModel, type AblationRow } from "#core/io";
import type { CommandRunner } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, identity, refuseUnsupported, requireCode } from "../request.ts";
import { printable, textTable } from "../text/align.ts";
import { ratioText, timeText } from "../text/units.ts";

export const ablate: CommandRunner = async (context) => {
  const { seed = 1, seconds = 0.5 } = context.options;
  const compiled = compileFromLine(context);
  try {
    if (context.options["no-fallback"] === true) refuseUnsupported(compiled.summary);
    requireCode(compiled);
    const { model, compilation, options, machine } = compiled;
    const { base, rows } = await ablateModel(model, compilation, options, machine, {
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
        { title: "95 % interval", cell: (r) => (r.why === undefined ? `${ratioText(r.ci95[0])} - ${ratioText(r.ci95[1])}` : r.why) },
      ],
      rows,
    );
    return {
      json: { ...identity(compiled), base, rows },
      text: [`${printable(model.name)}: ${timeText(base.medianMs)} with all passes`, "", ...table],
    };
  } finally {
    compiled.model.close();
  }
};
