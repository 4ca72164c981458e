/** One run of one case, in this process: `node bench/measure.ts STAGE CASE SECONDS CHOICE` prints a Measurement, or {error}, as JSON. Started by run.ts. */
import { benchCases } from './cases.ts';
import type { Choice, Stage } from './measurement.ts';

const [stage, name, seconds, choice = ''] = process.argv.slice(2);
const found = (await benchCases(stage as Stage, JSON.parse(choice) as Choice)).find((one) => one.name === name);
if (!found) throw new Error(`no case ${name} in stage ${stage}`);
const outcome = await found
  .measure(Number(seconds))
  .catch((error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }));
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => {
  // What a run that failed has left open would keep the others waiting.
  if ('error' in outcome) process.exit();
});
