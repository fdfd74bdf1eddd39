// Turns the events of one test file into counts. Only leaves are counted: a parent fails with its subtests, not once more.
import { say } from "../setup/terminal.mjs";

/** What node:test gives as the reason for a test that -t left out. */
const notAskedFor = "test name does not match pattern";

/**
 * @param {string} file @param {any[]} events in order @param {import("./tally.mjs").Tally} tally @param {{ verbose: boolean }} options
 * @returns {{ tests: number, failed: number }} events seen, and failures among them
 */
export function countEvents(file, events, tally, options) {
  /** Names of the tests that are open, and how many children each level has had. */
  const open = [];
  const children = [];
  const counts = { tests: 0, failed: 0 };
  for (const event of events) {
    const { type, nesting, name } = event;
    if (type === "test:start") {
      open.length = nesting;
      open[nesting] = name;
    } else if (type === "test:diagnostic") {
      if (options.verbose && nesting > 0) say(`  # ${event.message}`);
    } else {
      const isParent = event.isSuite || (children[nesting + 1] ?? 0) > 0;
      children.length = nesting + 1;
      children[nesting] = (children[nesting] ?? 0) + 1;
      counts.tests++;
      count(`${file}: ${[...open.slice(0, nesting), name].join(" > ")}`, event, isParent, tally, counts);
    }
  }
  return counts;
}

function count(title, event, isParent, tally, counts) {
  const { skip, todo } = event;
  const isSet = (value) => value !== undefined && value !== false;
  if (event.type === "test:fail" && !isSet(todo)) {
    if (event.bySubtests) return;
    counts.failed++;
    tally.fail(title);
    say(`FAILED ${title}\n${String(event.error).replace(/^/gm, "    ")}`);
  } else if (isSet(skip)) {
    if (skip !== notAskedFor) tally.skip(title, skip);
  } else if (isSet(todo)) {
    tally.skip(title, todo === true ? "todo" : `todo: ${todo}`);
  } else if (!isParent) {
    tally.pass();
  }
}
