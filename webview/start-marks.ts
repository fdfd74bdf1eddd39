/** When the page came to where it is, up to its first picture: marks of the browser, which tools show, too. */

/** What an opening is timed by is the last one. */
const names = {
  script: "page-script",
  ready: "page-ready",
  graph: "first-graph",
  placed: "first-layout",
  painted: "first-picture",
} as const;

type Step = keyof typeof names;

const entry = (step: Step): PerformanceEntry | undefined => performance.getEntriesByName(names[step], "mark")[0];

/** Notes a step when it is taken for the first time. */
export function mark(step: Step): void {
  if (!entry(step)) performance.mark(names[step]);
}

/** All steps so far, in ms since 1970. */
export const marks = (): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.keys(names).flatMap((step) => {
      const at = entry(step as Step)?.startTime;
      return at === undefined ? [] : [[step, performance.timeOrigin + at]];
    }),
  );
