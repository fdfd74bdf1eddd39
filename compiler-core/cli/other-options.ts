/** `bench --other OPTIONS`: options of a second build of the same model, written as on the command line. */
import { userError, type CompileOptions } from "#core";
import type { OptionName } from "./option-table.ts";
import { parseArguments } from "./parse-arguments.ts";
import { compileOptions } from "./request.ts";

/** What may differ between two builds that take the same inputs on the same machine. */
const allowed: readonly OptionName[] = ["isa", "threads", "precision", "without", "force", "forbid"];

/**
 * The options of the other build: those of the line, but for the ones given; what is switched off, forced and forbidden is what is given alone.
 * @throws usage
 */
export function otherOptions(text: string, line: CompileOptions): CompileOptions {
  const wrong = (what: string): never => userError("usage", {}, { what: `--other ${JSON.stringify(text)}: ${what}`, help: "bench --help" });
  const words = shellWords(text);
  if (words[0]?.startsWith("-") === false) wrong(`${JSON.stringify(words[0])} is no option`);
  const { options } = parseArguments(["bench", "MODEL", ...words]);
  const given = Object.keys(options) as OptionName[];
  const strange = given.find((name) => !allowed.includes(name));
  if (strange !== undefined) wrong(`--${strange} is the same for both; choose ${allowed.map((n) => `--${n}`).join(", ")}`);
  if (given.length === 0) wrong("it names no option");
  const { isa, threads, precision, without, force, forbid } = compileOptions(options);
  return {
    ...line,
    without,
    force,
    forbid,
    ...(options.isa === undefined ? {} : { isa }),
    ...(options.threads === undefined ? {} : { threads }),
    ...(options.precision === undefined ? {} : { precision }),
  };
}

/** The words of a line as a shell divides them: blanks separate, quotes keep them, a backslash outside of single quotes takes the next sign as it is. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gs))
    words.push(
      word.replaceAll(
        /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
        (_, single: string | undefined, double: string | undefined, sign: string) => single ?? double?.replaceAll(/\\(.)/gs, "$1") ?? sign,
      ),
    );
  return words;
}
