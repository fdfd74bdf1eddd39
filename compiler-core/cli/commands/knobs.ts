/** `fusionscope knobs`: everything that can be set, from the tables of options and environment variables. */
import { environmentTable } from "#core/io";
import type { CommandRunner } from "../command.ts";
import { commandNames, commandSpec } from "../command-table.ts";
import { optionHelp, optionSignature } from "../help.ts";
import { optionTable, type OptionName, type OptionSpec } from "../option-table.ts";
import { textTable } from "../text/align.ts";

export interface Knob {
  readonly name: OptionName;
  readonly kind: string;
  readonly help: string;
  /** Part of what determines the generated code. */
  readonly code: boolean;
  readonly commands: readonly string[];
  readonly value?: string;
  readonly usual?: string;
  readonly choices?: readonly string[];
}

export const knobList: readonly Knob[] = (Object.keys(optionTable) as OptionName[]).map((name) => {
  const option: OptionSpec = optionTable[name];
  const { kind, help, value, usual, code = false } = option;
  const commands = commandNames.filter((c) => commandSpec(c).options.includes(name));
  const choices = "choices" in option ? option.choices : undefined;
  return { name, kind, help, code, commands, value, usual, choices };
});

export const environmentList = Object.entries(environmentTable).map(([name, help]) => ({ name, help }));

export const knobs: CommandRunner = () => {
  const shown = knobList.filter((k) => k.commands.length > 0);
  const text = [
    ...textTable<Knob>(
      [
        { title: "option", cell: (k) => optionSignature(k.name) },
        { title: "code", cell: (k) => (k.code ? "yes" : "") },
        { title: "what it sets", cell: (k) => optionHelp(k.name) },
      ],
      shown,
    ),
    "",
    ...textTable(
      [
        { title: "environment", cell: (v: { name: string; help: string }) => v.name },
        { title: "what it sets", cell: (v) => v.help },
      ],
      environmentList,
    ),
    "",
    "code: the option is part of what determines the generated code",
  ];
  return { json: { knobs: shown, environment: environmentList }, text };
};
