// Runs the pieces of many suites (a test file, a command) at once, as many at a time as there are cores: no core waits for the last
// piece of a suite. What a suite took is the work of its pieces, shared by the cores.
import { availableParallelism } from "node:os";

/** @typedef {import("./tally.mjs").Tally} Tally */
/** @typedef {{ run: () => Promise<Tally> }} Piece */

/** Pieces that run at a time. */
export const workers = Math.min(4, availableParallelism());

/**
 * Runs all pieces, those of the suites with the greatest budgets first: what is left at the end is short.
 * @template {{ budget: number }} S
 * @param {readonly { suite: S, tally: Tally, pieces: readonly Piece[] }[]} rows tally: what the pieces' counts are added to
 * @param {(suite: S, tally: Tally, ms: number) => void} ended called when the last piece of a suite has ended
 */
export async function runTogether(rows, ended) {
  const states = rows.map((row) => ({ ...row, left: row.pieces.length, workMs: 0 }));
  const queue = states
    .flatMap((state) => state.pieces.map((piece) => ({ piece, state })))
    .sort((a, b) => b.state.suite.budget - a.state.suite.budget);
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { piece, state } = next;
      const begun = performance.now();
      state.tally.add(await piece.run());
      state.workMs += performance.now() - begun;
      state.left--;
      if (state.left === 0) ended(state.suite, state.tally, state.workMs / workers);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
}
