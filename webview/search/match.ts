/** Runs a query over a graph. */
import { parse } from "./parse.ts";
import { QueryError, type Query } from "./query.ts";
import type { Space } from "./space.ts";
import { findChains } from "./structure.ts";

export interface Found {
  /** Node ids in topological order; of a chain, the node of its first step. */
  readonly found: readonly number[];
  /** Of a structural query: for each of `found`, the node of each step, as written. */
  readonly chains?: readonly (readonly number[])[];
  readonly error?: QueryError;
}

let last: { readonly text: string; readonly query: Query | QueryError } | undefined;

/** The text as a query, or what is wrong with it. */
export function queryOf(text: string): Query | QueryError {
  if (last?.text === text) return last.query;
  let query: Query | QueryError;
  try {
    query = parse(text);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    query = error;
  }
  last = { text, query };
  return query;
}

/** Never throws for a text: what is wrong with it comes back. */
export function find(text: string, space: Space): Found {
  const query = queryOf(text);
  if (query instanceof QueryError) return { found: [], error: query };
  const idOf = (i: number): number => space.rows[i]?.id ?? -1;
  if (query.kind === "structure") {
    const chains = findChains(query.pattern, space).map((chain) => chain.map(idOf));
    return { found: chains.map((chain) => chain[0] as number), chains };
  }
  const tests = query.step.tests.map((test) => test(space));
  const found: number[] = [];
  for (let i = 0; i < space.rows.length; i += 1) if (tests.every((test) => test(i))) found.push(idOf(i));
  return { found };
}
