/** @typedef {import('./run-step.mjs').Result} Result */

/**
 * Skipped tests that may not be: in CI whatever is missing is a failure, unless test/allowed-skips.json gives a reason for it.
 * @param {readonly string[]} skipped
 * @param {Record<string, string>} allowed beginning of a test's full name → reason
 */
function unlisted(skipped, allowed) {
  return skipped.filter((name) => !Object.keys(allowed).some((start) => name.startsWith(start)));
}

/** @param {Result} result */
function line({ step, seconds, passed, failed, skipped, blocked }) {
  const counts = [`${passed} passed`];
  if (failed.length > 0) counts.push(`${failed.length} failed`);
  if (skipped.length + blocked > 0) counts.push(`${skipped.length + blocked} skipped`);
  const time = `${seconds.toFixed(1).padStart(7)} s of ${String(step.budget).padStart(3)} s${seconds > step.budget ? '  over budget' : ''}`;
  return `  ${step.name.padEnd(16)}${counts.join(', ').padEnd(40)}${time}`;
}

/**
 * What is printed at the end; its last line is for programs.
 * @param {readonly Result[]} results
 * @param {{ ci: boolean, allowed: Record<string, string> }} rules
 * @returns {{ text: string, ok: boolean }}
 */
export function summarize(results, { ci, allowed }) {
  const failed = results.flatMap((result) => result.failed);
  const skipped = results.flatMap((result) => result.skipped);
  const missing = ci ? unlisted(skipped, allowed) : [];
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const blocked = results.reduce((sum, result) => sum + result.blocked, 0);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const budget = results.reduce((sum, result) => sum + result.step.budget, 0);
  const lines = [
    '',
    ...results.map(line),
    `  ${'whole'.padEnd(56)}${seconds.toFixed(1).padStart(7)} s of ${String(budget).padStart(3)} s`,
    ...failed.map((name) => `FAILED   ${name}`),
    ...skipped.map(
      (name) => `SKIPPED  ${name}${missing.includes(name) ? '   (a failure in CI: neither run nor in test/allowed-skips.json)' : ''}`,
    ),
    `${passed} passed, ${failed.length + missing.length} failed, ${skipped.length - missing.length + blocked} skipped`,
  ];
  return { text: `${lines.join('\n')}\n`, ok: failed.length + missing.length === 0 };
}
