/** `fusionscope schema COMMAND`: the JSON Schema of what the command prints with `--json`. */
import { userError } from "#core";
import type { CommandRunner } from "../command.ts";
import { commandNames } from "../command-table.ts";
import { commandSchema } from "../schemas/index.ts";
import { didYouMean } from "#core/io";

export const schema: CommandRunner = ({ arguments: [word = ""] }) => {
  const command = commandNames.find((n) => n === word);
  if (command === undefined)
    userError("usage", {}, { what: `there is no command ${JSON.stringify(word)}${didYouMean(word, commandNames)}`, help: "schema --help" });
  const document = commandSchema(command);
  return { json: { for: command, document }, text: JSON.stringify(document, undefined, 2).split("\n") };
};
