/** The instruction set a compilation generates for. */
import type { IsaName, MachineProfile } from "../machine.ts";
import { isaSets, widestIsa } from "../machine.ts";
import { bug } from "../messages.ts";
import type { CompileOptions } from "../options.ts";

/** The set that the options name, or the machine's widest for `auto`. Unknown names are refused where options are read. */
export function targetIsa(options: CompileOptions, machine: MachineProfile): IsaName {
  if (options.isa === "auto") return widestIsa(machine);
  return options.isa in isaSets ? (options.isa as IsaName) : bug(`unknown instruction set ${options.isa}`);
}
