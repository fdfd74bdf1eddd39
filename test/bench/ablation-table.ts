/** docs/ablation.md: what each optional pass is worth, as Markdown. */
import type { Ablation, AblationRow, ModuleFigures } from "#core/io";

/** What `ablate --json` gives; JSON has no NaN, so a time that was not taken is a string or null. */
export type AblationAnswer = Ablation;

export interface AblatedModel extends AblationAnswer {
  readonly name: string;
  readonly threads: number;
  readonly seconds: number;
  /** Seconds for the whole table. */
  readonly took: number;
}

/** A ratio closer to 1 than this is not a difference: processes differ by as much in their addresses. */
const least = 0.02;

const line = (cells: readonly string[]): string => `| ${cells.map((c) => c.replaceAll("|", "\\|")).join(" | ")} |`;
const ms = (t: number): string => (t < 1 ? `${(1000 * t).toFixed(1)} us` : `${t.toFixed(t < 100 ? 2 : 0)} ms`);
const mib = (bytes: number): string => (bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`);

const figureTexts: readonly { readonly name: string; readonly of: (f: ModuleFigures) => number; readonly text: (n: number) => string }[] = [
  { name: "operators", of: (f) => f.ops, text: String },
  { name: "nests", of: (f) => f.nests, text: String },
  { name: "barriers", of: (f) => f.barriers, text: String },
  { name: "statements", of: (f) => f.statements, text: String },
  { name: "arena", of: (f) => f.arenaBytes, text: mib },
  { name: "packed constants", of: (f) => f.packedBytes, text: mib },
  { name: "traffic of nests", of: (f) => f.trafficBytes, text: mib },
];

/** Figures that are others without the pass. */
function changes(row: AblationRow, base: ModuleFigures): string {
  const { figures } = row;
  if (figures === undefined) return "";
  const other = figureTexts.filter(({ of }) => of(figures) !== of(base));
  return other.map(({ name, of, text }) => `${name} ${text(of(base))} -> ${text(of(figures))}`).join(", ");
}

/** Faster, slower, or no difference that could be told; undefined: it was not timed. */
function effect({ why, ratio, ci95 }: AblationRow): "slower" | "faster" | "none" | undefined {
  if (why !== undefined) return undefined;
  if (ci95[0] > 1 && ratio > 1 + least) return "slower";
  return ci95[1] < 1 && ratio < 1 - least ? "faster" : "none";
}

function remark(row: AblationRow, base: ModuleFigures): string {
  if (row.why !== undefined) return row.why;
  const other = changes(row, base);
  const changed = other === "" ? "other code of the same size" : other;
  return effect(row) === "none" ? `no difference in time; ${changed}` : changed;
}

function tableOf(m: AblatedModel): readonly string[] {
  const { base, figures, rows } = m;
  const counts = figureTexts.map(({ name, of, text }) => `${name} ${text(of(figures))}`).join(", ");
  const sorted = [...rows].sort((a, b) => (b.why === undefined ? b.ratio : 1) - (a.why === undefined ? a.ratio : 1));
  return [
    `## ${m.name}, ${m.threads} threads`,
    "",
    `${ms(base.medianMs)} with all passes: ${counts}. The table took ${m.took.toFixed(0)} s, ${m.seconds} s for each side of a row.`,
    "",
    line(["without", "time", "times as long", "95 % interval", "rules fired", "accepted, refused", "what is different"]),
    line(["---", "---:", "---:", "---", "---:", "---:", "---"]),
    ...sorted.map((r) =>
      line([
        r.pass,
        r.why === undefined ? ms(r.medianMs) : "",
        r.why === undefined ? r.ratio.toFixed(3) : "",
        r.why === undefined ? `${r.ci95[0].toFixed(3)} to ${r.ci95[1].toFixed(3)}` : "",
        String(r.hits),
        `${r.accepted}, ${r.refused}`,
        remark(r, figures),
      ]),
    ),
    "",
  ];
}

/** One line for each model: the passes that are worth most, and those that cost. */
function summaryOf(m: AblatedModel): string {
  const by = (want: "slower" | "faster"): string =>
    [...m.rows]
      .filter((r) => effect(r) === want)
      .sort((a, b) => (want === "slower" ? b.ratio - a.ratio : a.ratio - b.ratio))
      .map((r) => `${r.pass} ${r.ratio.toFixed(2)}`)
      .join(", ") || "none";
  return line([m.name, String(m.threads), by("slower"), by("faster")]);
}

export function ablationDocument(models: readonly AblatedModel[]): string {
  return [
    "# What each pass is worth",
    "",
    "Written by `npm run ablation` from figures that lie beside this page (`ablation.json`). Each optional pass is switched off alone; the code without it",
    "and the code of all passes take turns in one process, so that what slows the machine down slows both. Where the interval holds 1, or the ratio is",
    `within ${100 * least} % of it, no difference could be told; what is different in the code is said all the same. A pass whose absence leaves the same code says why.`,
    "",
    line(["model", "threads", "slower without", "faster without"]),
    line(["---", "---:", "---", "---"]),
    ...models.map(summaryOf),
    "",
    ...models.flatMap(tableOf),
  ].join("\n");
}
