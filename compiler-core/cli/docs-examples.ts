/** An example of what each pass does: the shortest of its goldens that changes something, as it stands in the tests. */
import fs from "node:fs";
import path from "node:path";
import { packageRoot } from "#core/io";

interface Example {
  /** Path below the root of the repository. */
  readonly file: string;
  readonly before: string;
  readonly after: string;
  /** Rules that fired, as comments. */
  readonly rules: string;
}

const suites = [
  { folder: "test/graph-passes", separator: "---- after\n" },
  { folder: "test/lower", separator: "---- after\n" },
  { folder: "test/tensor-passes", separator: "================\n" },
] as const;

/** Lines of both sides that a page can show. */
const longest = 90;

/** Undefined for passes without a golden. */
function exampleOf(pass: string): Example | undefined {
  for (const { folder, separator } of suites) {
    const own = path.join(packageRoot(), folder, pass);
    if (!fs.existsSync(own)) continue;
    const found = fs
      .readdirSync(own)
      .filter((f) => f.endsWith(".ir"))
      .sort()
      .map((f) => exampleFrom(`${folder}/${pass}/${f}`, fs.readFileSync(path.join(own, f), "utf8"), separator))
      .filter((e) => e !== undefined)
      .sort((a, b) => linesOf(a) - linesOf(b));
    const [first] = found;
    if (first !== undefined && linesOf(first) <= longest) return first;
  }
  return undefined;
}

const linesOf = ({ before, after }: Example): number => before.split("\n").length + after.split("\n").length;

function exampleFrom(file: string, text: string, separator: string): Example | undefined {
  const [before = "", result = ""] = text.split(separator);
  if (result.startsWith("// unchanged")) return undefined;
  const lines = result.trimEnd().split("\n");
  const rules = lines.filter((l) => l.startsWith("// ")).join("\n");
  const after = lines.filter((l) => !l.startsWith("// ")).join("\n");
  const plain = before
    .split("\n")
    .filter((l) => !/^\s+source \d+ /.test(l))
    .join("\n")
    .trimEnd();
  return plain === after ? undefined : { file, before: plain, after, rules };
}

/** The example of a pass in Markdown: before, after, and which rules fired. */
export function exampleLines(pass: string): readonly string[] {
  const e = exampleOf(pass);
  if (e === undefined) return [];
  const block = (text: string): string[] => ["```text", text, "```", ""];
  return [
    `From \`${e.file}\`:`,
    "",
    ...block(e.before),
    "becomes",
    "",
    ...block(e.after),
    ...(e.rules === "" ? [] : ["by the rules", "", ...block(e.rules)]),
  ];
}
