/** What a command gets and gives. */
import type { UserError } from "#core";
import type { OptionValues } from "./option-table.ts";

export interface CommandContext {
  readonly arguments: readonly string[];
  readonly options: OptionValues;
  /** Progress and remarks: one line on stderr. */
  readonly log: (line: string) => void;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface CommandResult {
  /** The object of `--json`; `schema` is added. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The same for people. */
  readonly text: readonly string[];
  /** 1: the answer is no. */
  readonly exit?: 0 | 1;
  /** The result is there, but an error ended the work: reported on stderr and by the exit code. */
  readonly error?: UserError;
}

export type CommandRunner = (context: CommandContext) => CommandResult | Promise<CommandResult>;
