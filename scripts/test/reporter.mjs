import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * Writes what a run of vitest came to into the file that FORKCAST_TALLY names. Vitest's own JSON counts tests only: a failed `beforeAll`
 * shows there as skipped tests, and an unhandled error not at all.
 *
 * @typedef {object} Tally
 * @property {number} passed
 * @property {string[]} failed names of tests, of files and groups that did not come to their tests, and of errors nobody handled
 * @property {string[]} skipped names of tests
 * @property {number} blocked tests that did not run because what they stand in had failed
 * @property {{ lines: number, wanted: number } | null} coverage per cent of lines
 */

/** @typedef {import('vitest/node').TestModule | import('vitest/node').TestSuite} Group */

export default class TallyReporter {
  /** @type {Tally} */
  #tally = { passed: 0, failed: [], skipped: [], blocked: 0, coverage: null };
  #root = process.cwd();
  #wanted = 0;

  /** @param {import('vitest/node').Vitest} vitest */
  onInit(vitest) {
    this.#root = vitest.config.root;
    this.#wanted = vitest.config.coverage.thresholds?.lines ?? 0;
  }

  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly { message?: string, stack?: string }[]} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    for (const module of modules) this.#count(module, relative(this.#root, module.moduleId), false);
    for (const error of unhandled)
      this.#tally.failed.push(`unhandled error: ${error.message ?? 'without a message'}`.split('\n', 1).join());
    this.#write();
  }

  /** @param {unknown} coverage an istanbul coverage map; comes after the end of the run, and not at all without --coverage */
  onCoverage(coverage) {
    const map = /** @type {{ getCoverageSummary(): { lines: { pct: number } } }} */ (coverage);
    this.#tally.coverage = { lines: map.getCoverageSummary().lines.pct, wanted: this.#wanted };
    this.#write();
  }

  /**
   * @param {Group} group
   * @param {string} name
   * @param {boolean} blocked
   */
  #count(group, name, blocked) {
    const broken = group.errors().length > 0;
    if (broken) this.#tally.failed.push(name);
    for (const child of group.children) {
      const childName = `${name} > ${child.name}`;
      if (child.type === 'suite') this.#count(child, childName, blocked || broken);
      else this.#countTest(child, childName, blocked || broken);
    }
  }

  /**
   * @param {import('vitest/node').TestCase} test
   * @param {string} name
   * @param {boolean} blocked
   */
  #countTest(test, name, blocked) {
    const { state } = test.result();
    if (state === 'passed') this.#tally.passed++;
    else if (state === 'failed') this.#tally.failed.push(name);
    else if (blocked) this.#tally.blocked++;
    // A test that began and never ended is no skipped test.
    else if (state === 'pending') this.#tally.failed.push(`${name} (did not end)`);
    else this.#tally.skipped.push(name);
  }

  #write() {
    const path = process.env['FORKCAST_TALLY'];
    if (path !== undefined) writeFileSync(path, JSON.stringify(this.#tally));
  }
}
