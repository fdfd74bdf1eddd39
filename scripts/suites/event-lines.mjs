// A node:test reporter: one JSON line per event that counts, written as it happens, so that a file that hangs or dies has still said
// what it ran.

const kept = new Set(["test:start", "test:pass", "test:fail", "test:diagnostic"]);

export default async function* eventLines(events) {
  for await (const { type, data } of events) {
    if (!kept.has(type)) continue;
    const error = data.details?.error;
    const cause = error?.cause ?? error;
    const line = {
      type,
      nesting: data.nesting,
      name: data.name,
      skip: data.skip,
      todo: data.todo,
      message: data.message,
      isSuite: data.details?.type === "suite",
      bySubtests: error?.failureType === "subtestsFailed",
      error: error === undefined ? undefined : String(cause?.stack ?? cause?.message ?? cause),
    };
    yield `${JSON.stringify(line)}\n`;
  }
}
