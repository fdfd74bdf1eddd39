/** What became of graph nodes below the graph: the statements that work for them, after each pass over the loops that changed one of them. */
import { isModule, type Compilation } from "../compile.ts";
import type { NodeId } from "../graph/ir.ts";
import type { LoopStep } from "../protocol/trace.ts";
import { visitStmts, type Module, type Stmt } from "../tensor/index.ts";

/** @param nodes of the last graph: statements carry those as their origin */
export function loopSteps({ passes, snapshots }: Compilation, nodes: ReadonlySet<NodeId>): readonly LoopStep[] {
  const steps: LoopStep[] = [];
  let before: Module | undefined;
  let known: ReadonlyMap<number, Stmt> = new Map();
  for (const { index, name, level } of passes) {
    const snapshot = snapshots[index];
    if (snapshot === undefined || !isModule(snapshot) || snapshot === before) continue;
    const found = regionsFor(snapshot, nodes);
    const now = new Map(found.flatMap(({ own }) => own.map((s) => [s.id, s] as const)));
    if (!sameStatements(known, now))
      steps.push({
        stage: index,
        pass: name,
        level,
        regions: found.map(({ group, name: region, own }) => ({ group, name: region, statements: own.length })),
      });
    [before, known] = [snapshot, now];
  }
  return steps;
}

interface RegionPart {
  readonly group: number;
  readonly name: string;
  readonly own: readonly Stmt[];
}

/** Regions with statements for the nodes, in the order in which they run. */
function regionsFor(module: Module, nodes: ReadonlySet<NodeId>): RegionPart[] {
  const found: RegionPart[] = [];
  visitStmts([...module.init.body, ...module.run.body], (s) => {
    if (s.k !== "region") return;
    const own: Stmt[] = [];
    visitStmts(s.body, (inner) => inner.origin.some((n) => nodes.has(n)) && own.push(inner));
    if (own.length > 0) found.push({ group: s.group, name: s.name, own });
  });
  return found;
}

const sameStatements = (a: ReadonlyMap<number, Stmt>, b: ReadonlyMap<number, Stmt>): boolean =>
  a.size === b.size && [...b].every(([id, s]) => a.get(id) === s || sameButBodies(a.get(id), s));

/** True when nothing of the statement itself differs: what stands inside of it is compared on its own. */
function sameButBodies(a: Stmt | undefined, b: Stmt): boolean {
  if (a === undefined || a.k !== b.k) return false;
  const [old, now] = [a as unknown as Record<string, unknown>, b as unknown as Record<string, unknown>];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return names.every((name) => old[name] === now[name] || (isBody(old[name]) && isBody(now[name])));
}

const isBody = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((item) => typeof item === "object" && item !== null && "k" in item && "id" in item && "origin" in item);
