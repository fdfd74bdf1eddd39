/** One run of the command: words in, an exit code out. Results go to `out`, everything else to `err`. */
import { asUserError, userError, type UserError } from "#core";
import { commandHelp, generalHelp } from "./help.ts";
import { commandRunners } from "./commands/index.ts";
import { jsonText } from "#core/io";
import { parseArguments, type ParsedLine } from "./parse-arguments.ts";

export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly signal: AbortSignal;
  readonly version: string;
}

/** The version of the JSON objects. */
export const schemaVersion = 1;

/** Runs the words after the program's name. Never throws. */
export async function main(words: readonly string[], streams: Streams): Promise<number> {
  // Read before parsing, so that a bad command line is reported as asked for.
  const wants = { json: words.includes("--json"), debug: words.includes("--debug") };
  try {
    return await runLine(parseArguments(words), wants.json, streams);
  } catch (e) {
    const error = asUserError(e);
    report(error, wants, streams);
    return error.exit;
  }
}

async function runLine(line: ParsedLine, json: boolean, streams: Streams): Promise<number> {
  const { command, options } = line;
  if (line.version) {
    streams.out(json ? jsonText({ schema: schemaVersion, version: streams.version }) + "\n" : `fusionscope ${streams.version}\n`);
    return 0;
  }
  if (options.help === true || command === undefined) {
    streams.out(command === undefined ? generalHelp() : commandHelp(command));
    return 0;
  }
  const log = (text: string): void => streams.err(text + "\n");
  const result = await commandRunners[command]({ arguments: line.arguments, options, log, signal: streams.signal });
  if (streams.signal.aborted) userError("cancelled", {}, {});
  const { error } = result;
  const failed = error === undefined ? {} : { error: describe(error) };
  streams.out(
    json ? jsonText({ schema: schemaVersion, command, ...result.json, ...failed }) + "\n" : result.text.map((t) => t + "\n").join(""),
  );
  if (error !== undefined) streams.err(error.line() + "\n");
  return error?.exit ?? result.exit ?? 0;
}

function report(error: UserError, wants: { readonly json: boolean; readonly debug: boolean }, streams: Streams): void {
  if (wants.json) streams.out(jsonText({ schema: schemaVersion, error: describe(error) }) + "\n");
  streams.err(error.line() + "\n");
  if (wants.debug) for (let e: unknown = error; e instanceof Error; e = e.cause) streams.err(`${e.stack ?? e.message}\n`);
}

const describe = ({ code, message, next, exit }: UserError) => ({ code, message, next, exit });
