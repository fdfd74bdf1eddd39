// Counts of a suite, with the text of every failure and the reason of every skip.

export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;
  /** @type {string[]} names of the failed tests */
  failures = [];
  /** @type {string[]} names of tests that failed at first and passed when their file was run again: they are counted as passed */
  repeated = [];
  /** @type {Map<string, string[]>} reason -> names */
  skips = new Map();

  pass() {
    this.passed++;
  }

  /** @param {string} name */
  fail(name) {
    this.failed++;
    this.failures.push(name);
  }

  /** @param {string} name @param {string | boolean | undefined} reason */
  skip(name, reason) {
    this.skipped++;
    const why = typeof reason === "string" && reason !== "" ? reason : "no reason given";
    this.skips.set(why, [...(this.skips.get(why) ?? []), name]);
  }

  /** @param {Tally} other */
  add(other) {
    this.passed += other.passed;
    this.failed += other.failed;
    this.skipped += other.skipped;
    this.failures.push(...other.failures);
    this.repeated.push(...other.repeated);
    for (const [why, names] of other.skips) this.skips.set(why, [...(this.skips.get(why) ?? []), ...names]);
  }

  /** Tests that were really run. */
  get executed() {
    return this.passed + this.failed;
  }

  line() {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`;
  }
}
