/** What a search asks for: the tree that parse.ts makes of the text, and the words for what is wrong with a text. */
import type { Space } from "./space.ts";

/** A value as it was written: a word (may hold wildcards), text in quotes (means itself), or a regular expression. */
export interface Value {
  readonly kind: "word" | "quoted" | "regex";
  readonly text: string;
  /** Where it stands in the query, from 0, and how long it is there. */
  readonly at: number;
  readonly length: number;
}

/** Says of a graph which nodes are meant, by place in `Space.rows`. */
export type Test = (space: Space) => (i: number) => boolean;

/** All tests must hold for a node; none: any node. */
export interface Step {
  readonly tests: readonly Test[];
}

export interface PatternEdge {
  readonly from: number;
  readonly to: number;
  /** Over any number of edges, up to `farthest`. */
  readonly far: boolean;
}

/** Nodes that feed each other: steps in the order written, and the edges between them. */
export interface Pattern {
  readonly steps: readonly Step[];
  readonly edges: readonly PatternEdge[];
}

export type Query = { readonly kind: "nodes"; readonly step: Step } | { readonly kind: "structure"; readonly pattern: Pattern };

/** A text that is not a query: where, why, and what to write instead. */
export class QueryError extends Error {
  constructor(
    /** From 0. */
    readonly at: number,
    readonly length: number,
    readonly what: string,
    readonly instead: string,
  ) {
    super(`${what} ${instead}`);
  }
}
