/** The instruction set a compilation generates for. */
import type { IsaName, MachineProfile } from "../machine.ts";
import { resolveIsa } from "../machine.ts";
import type { CompileOptions } from "../options.ts";

/** The set that the options name, or the machine's widest for `auto`. Unknown names are usage errors. */
export const targetIsa = (options: CompileOptions, machine: MachineProfile): IsaName => resolveIsa(options.isa, machine);
