/** `fusionscope bench MODEL --tune`: searches the parameters of a model's products, convolutions and chains, and keeps what is faster beyond doubt. */
import { tuneModel } from "#core/io";
import type { TunedProblem, TuneResult } from "#protocol";
import type { CommandContext, CommandResult } from "../command.ts";
import { nativeSettings } from "../native-settings.ts";
import { compileFromLine, identity, requireCode } from "../request.ts";
import { alignColumns, printable, textTable } from "../text/align.ts";
import { plural, ratioText, rateText, timeText } from "../text/units.ts";

/** Seconds that a tuning may take, and points of each problem, where nothing is said. */
const [usualBudget, leastPoints] = [60, 200];

export async function tuneFromLine(context: CommandContext): Promise<CommandResult> {
  const { seed = 1, budget = usualBudget, group, tuned } = context.options;
  const compiled = compileFromLine(context, context.options.data);
  try {
    requireCode(compiled);
    const { model, compilation, options, machine } = compiled;
    let last = "";
    const result = await tuneModel(model, compilation, options, machine, {
      ...nativeSettings(context),
      budgetSeconds: budget,
      points: leastPoints,
      seed,
      ...(group === undefined ? {} : { groups: [group] }),
      keep: true,
      onStep: (text, done) => {
        const line =
          done === null ? text : `${String(Math.floor(done * 20) * 5).padStart(3)} %  ${text.replace(/: \d+ points$/, ": searching")}`;
        if (line !== last) context.log(line);
        last = line;
      },
    });
    return { json: { ...identity(compiled), ...result }, text: tuneText(model.name, result, tuned === true) };
  } finally {
    compiled.model.close();
  }
}

function tuneText(name: string, result: TuneResult, already: boolean): string[] {
  const { isa, threads, seconds, budgetSeconds, problems, kept } = result;
  const taken = problems.filter((p) => p.final?.taken === true).length;
  return [
    `${printable(name)}: ${isa}, ${plural(threads, "thread")}, ${plural(problems.length, "problem")} in ${seconds.toFixed(1)} of ${budgetSeconds} s`,
    ...problems.flatMap((p) => ["", ...problemText(p)]),
    "",
    kept === null
      ? "nothing was faster beyond doubt: nothing is kept"
      : `${plural(taken, "entry").replace("entrys", "entries")} kept in ${printable(kept)}: ${already ? "--tuned uses them" : "compile with --tuned to use them"}`,
  ];
}

const interval = (r: { readonly median: number; readonly ci95: readonly [number, number] }): string =>
  `${ratioText(r.median)} (${ratioText(r.ci95[0])} - ${ratioText(r.ci95[1])})`;

function problemText({
  problem,
  groups,
  flops,
  space,
  points,
  measurements,
  seconds,
  before,
  best,
  rankCorrelation,
  final,
  why,
}: TunedProblem): string[] {
  const rate = (ns: number): string => rateText(flops / ns);
  const rows = [...(before === null ? [] : [{ what: "chosen without", ...before }]), ...best.map((b, i) => ({ what: `${i + 1}`, ...b }))];
  return [
    `${problem} (${groups.length === 1 ? "group" : "groups"} ${groups.join(", ")})`,
    ...alignColumns([
      [
        "  searched",
        `${points} of ${space.exact ? "" : "more than "}${space.points} distinct points, ${measurements} measurements, ${seconds.toFixed(1)} s`,
      ],
      ["  predicted : measured", rankCorrelation === null ? "too few points" : `rank correlation ${rankCorrelation.toFixed(3)}`],
    ]),
    ...(rows.length === 0
      ? []
      : textTable<(typeof rows)[number]>(
          [
            { title: "", align: "right", cell: (r) => r.what },
            { title: "measured", align: "right", cell: (r) => timeText(r.measuredNs / 1e6) },
            { title: "", align: "right", cell: (r) => rate(r.measuredNs) },
            { title: "predicted", align: "right", cell: (r) => timeText(r.predictedNs / 1e6) },
            { title: "parameters", cell: (r) => r.text },
          ],
          rows,
        )),
    ...(final === null
      ? []
      : alignColumns([
          ["  built and timed in turns", `${timeText(final.before.medianMs)} before, ${timeText(final.after.medianMs)} after`],
          ["  faster by", `${interval(final.ratio)}; control ${interval(final.control)}`],
          ["  taken", final.taken ? "yes" : "no"],
        ])),
    ...(why === undefined ? [] : [`  ${why}`]),
  ];
}
