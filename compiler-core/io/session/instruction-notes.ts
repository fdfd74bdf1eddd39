/** Notes for readers of assembly: what each instruction does, and what a scheduling model of the processor says that it costs. */
import { instructionForm, isInstruction } from "../../codegen/instruction-forms.ts";
import { instructionWords } from "../../codegen/instruction-words.ts";
import type { IsaName, MachineProfile } from "../../machine.ts";
import type { InstructionNote, InstructionNotes } from "../../protocol/instruction-notes.ts";
import { findMca, mcaModel, priceForms } from "../llvm-mca.ts";

/** Forms that are priced, those that come first: a model of twelve layers has a thousand. */
const mostForms = 8000;

/** @param lines readable assembly with mangled names, Intel syntax */
export async function instructionNotes(lines: readonly string[], isa: IsaName, machine: MachineProfile): Promise<InstructionNotes> {
  const index = new Map<string, number>();
  const row = Int32Array.from(lines, (line) => {
    if (!isInstruction(line)) return -1;
    const form = instructionForm(line);
    const known = index.get(form) ?? index.size;
    index.set(form, known);
    return known;
  });
  const rows = [...index.keys()].map((form): InstructionNote => {
    const does = instructionWords(form);
    return { form, ...(does === undefined ? {} : { does }) };
  });
  const tool = await findMca();
  if ("why" in tool) return { row, rows, prices: { valid: false, why: tool.why } };
  const named = mcaModel(isa, machine);
  const prices = await priceForms(
    tool,
    named.model,
    rows.slice(0, mostForms).map(({ form }) => form),
  );
  if ("why" in prices) return { row, rows, prices: { valid: false, why: prices.why } };
  const priced = rows.map((note, i): InstructionNote => {
    const price = prices.get(i);
    return price === undefined ? note : { ...note, price };
  });
  return { row, rows: priced, prices: { valid: true, tool: tool.version, ...named } };
}
