/** What variables, buffers and statements are called in generated code. */
import { identifier } from "./names.ts";

export interface Naming {
  readonly buffer: (id: number, name: string) => string;
  readonly variable: (id: number, name: string) => string;
  /** Ending of names that belong to a statement. */
  readonly statement: (id: number) => string;
}

/** Names as in the model, made unique by the number. */
export const readableNames: Naming = {
  buffer: (id, name) => identifier(name, `b${id}`),
  variable: (id, name) => identifier(name, String(id)),
  statement: (id) => `s${id}`,
};

/** Names by order of first use: code that differs in nothing but its names and numbers becomes the same text. */
export function canonicalNames(): Naming {
  const numbered = (letter: string): ((id: number) => string) => {
    const seen = new Map<number, string>();
    return (id) => {
      const name = seen.get(id) ?? `${letter}${seen.size}`;
      seen.set(id, name);
      return name;
    };
  };
  return { buffer: numbered("b"), variable: numbered("v"), statement: numbered("s") };
}
