/**
 * Runs everything that must hold, goes on after failures, and ends with the line `N passed, N failed, N skipped`.
 *
 *     node scripts/test.mjs                 all of it
 *     node scripts/test.mjs unit lint …     only these; `fast` stands for all that needs neither a broker nor a kernel
 *
 * A check counts as one, a test as one; so does each file or group that could not run its tests, and each error nobody handled.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runStep } from './test/run-step.mjs';
import { NAMES, select } from './test/steps.mjs';
import { summarize } from './test/summary.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const json = (/** @type {string} */ path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

async function main() {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`There is no ${unknown.join(', ')} to run. There are: ${NAMES.join(', ')}.\n`);
    return 64;
  }
  const { scripts } = json('package.json');
  const results = [];
  // Ctrl-C reaches the running tool as well, which ends; what was found until then is still said.
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  for (const step of select(asked)) {
    process.stdout.write(`\n── ${step.name}\n`);
    results.push(await runStep(step, { root, scripts }));
    if (interrupted) break;
  }
  const { text, ok } = summarize(results, { ci: process.env['CI'] === 'true', allowed: json('test/allowed-skips.json') });
  process.stdout.write(text);
  if (interrupted) return 130;
  return ok ? 0 : 1;
}

process.exitCode = await main();
