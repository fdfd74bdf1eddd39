/** What a pass is: a pure, named function over one of the two IRs, with one sentence that says why it exists. */
import type { Graph, Shape, ValueId } from "../graph/ir.ts";
import type { Module } from "../tensor/ir.ts";
import type { CompileOptions } from "../options.ts";
import type { MachineProfile } from "../machine.ts";
import type { RuleHit, Verdict } from "../protocol/trace.ts";

/** What a pass may look at and report to, besides its argument. */
export interface PassContext {
  readonly options: CompileOptions;
  readonly machine: MachineProfile;
  /** Nodes of the file (indices into `Graph.sources`) that an earlier attempt found it cannot compile. Read by `cut-holes` only. */
  readonly cut?: ReadonlyMap<number, CutOut>;
  /** Records that a rule of this pass fired. Node ids for graph passes, statement ids for tensor passes. */
  hit(hit: RuleHit): void;
  /** Records a decision when it is taken, with the numbers compared. */
  verdict(verdict: Verdict): void;
}

/** Why a node of the file is not compiled, and the shapes of its results as far as they were found. */
export interface CutOut {
  readonly reason: string;
  readonly types: ReadonlyMap<ValueId, Shape>;
}

interface PassBase {
  readonly name: string;
  /** One sentence for people: what it does and what that is good for. */
  readonly why: string;
  /** Optional passes can be switched off (`--without`); the result must stay correct. */
  readonly optional: boolean;
  /** True, or the reason why it does not run with these options. */
  readonly when?: (options: CompileOptions, machine: MachineProfile) => true | string;
}

/** Returns its argument itself when nothing changes. */
export interface GraphPass extends PassBase {
  readonly level: "graph";
  readonly run: (graph: Graph, ctx: PassContext) => Graph;
}
/** The step from operators to loops. */
export interface LowerPass extends PassBase {
  readonly level: "lower";
  readonly run: (graph: Graph, ctx: PassContext) => Module;
}
/** Returns its argument itself when nothing changes. */
export interface TensorPass extends PassBase {
  readonly level: "tensor";
  readonly run: (module: Module, ctx: PassContext) => Module;
}
export type Pass = GraphPass | LowerPass | TensorPass;

export const graphPass = (p: Omit<GraphPass, "level">): GraphPass => ({ level: "graph", ...p });
export const lowerPass = (p: Omit<LowerPass, "level">): LowerPass => ({ level: "lower", ...p });
export const tensorPass = (p: Omit<TensorPass, "level">): TensorPass => ({ level: "tensor", ...p });
