/**
 * Interprets a module one thread after the other: each does all it has to do up to the next barrier before another one begins, the last thread first.
 * What is right only by luck, because threads are usually equally fast, gives other results here.
 */
import type { NdArray } from "../graph/ndarray.ts";
import { Interpreter, type ModuleData } from "./eval.ts";
import type { Func, Module, Stmt } from "./ir.ts";
import type { EvalMode } from "./semantics.ts";
import { forAllThreads, sharedLets } from "./team.ts";

/** Runs `init` and `run` once and gives the outputs by slot, as `evalModule` does. */
export function evalByThreads(module: Module, data: ModuleData, mode: EvalMode): readonly NdArray[] {
  const machine = new Interpreter(module, mode, data);
  for (const func of [module.init, module.run])
    for (const stretch of stretches(func)) {
      machine.run(stretch.filter((s) => s.k === "alloc"));
      for (let thread = module.threads - 1; thread >= 0; thread--) oneThread(machine, func, stretch, thread);
    }
  const outputs = module.buffers.filter((b) => b.scope === "output").sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0));
  return outputs.map((b) => machine.output(b));
}

/** Statements of a function between its barriers, those of regions among them. */
function stretches(func: Func): readonly (readonly Stmt[])[] {
  const out: Stmt[][] = [[]];
  const walk = (body: readonly Stmt[]): void => {
    for (const s of body) {
      if (s.k === "region") walk(s.body);
      else if (s.k === "barrier") out.push([]);
      else out.at(-1)?.push(s);
    }
  };
  walk(func.body);
  return out;
}

function oneThread(machine: Interpreter, func: Func, stretch: readonly Stmt[], thread: number): void {
  const shared = sharedLets(func.body);
  for (const s of stretch) {
    if (s.k === "alloc") continue;
    if (s.k === "for" && s.kind === "parallel") machine.share(s, thread);
    else if (thread === 0 || forAllThreads(s, shared)) machine.run([s]);
  }
}
