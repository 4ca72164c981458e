/** `npm run bench [-- STAGE…] [--runs N] [--seconds S] [--json]`: how fast, and at what cost, this machine does each stage's work. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import lockMachine from '../test/helpers/machine-lock.ts';
import { benchCases } from './cases.ts';
import { STAGES } from './measurement.ts';
import type { Measurement, Stage } from './measurement.ts';
import { machineLine, table, thisMachine } from './report.ts';
import type { CaseResult } from './report.ts';

const USAGE = `Usage: npm run bench [-- ${STAGES.join(' | ')} …] [--runs N (3)] [--seconds S (2)] [--json]`;

const ON_LIVE_KERNEL: ReadonlySet<Stage> = new Set(['ingest', 'e2e']);

interface Plan {
  readonly stages: readonly Stage[];
  readonly runs: number;
  readonly seconds: number;
  readonly json: boolean;
}

const run = promisify(execFile);

async function main(plan: Plan): Promise<boolean> {
  const machine = thisMachine();
  process.stderr.write(`${machineLine(machine)}\n`);
  const results: CaseResult[] = [];
  for (const stage of plan.stages) results.push(...(ON_LIVE_KERNEL.has(stage) ? await runAlone(stage, plan) : await runStage(stage, plan)));
  progress('');
  process.stdout.write(
    plan.json
      ? `${JSON.stringify({ machine, results })}\n`
      : `median [min–max] of ${plan.runs} runs of ${plan.seconds} s\n\n${table(results)}\n`,
  );
  return results.every(({ error }) => error === undefined);
}

async function runStage(stage: Stage, plan: Plan): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const name of await caseNames(stage)) {
    const runs: Measurement[] = [];
    try {
      for (let i = 0; i < plan.runs; i++) runs.push(await measureOnce(stage, name, plan.seconds));
      results.push({ stage, name, runs });
    } catch (error) {
      results.push({ stage, name, runs, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return results;
}

/** What storms the live kernel and counts its events shares the machine with no test that does the same. */
async function runAlone(stage: Stage, plan: Plan): Promise<CaseResult[]> {
  const release = await lockMachine();
  try {
    return await runStage(stage, plan);
  } finally {
    await release();
  }
}

async function caseNames(stage: Stage): Promise<string[]> {
  return (await benchCases(stage)).map(({ name }) => name);
}

/** A process of its own each time: no heap, compiled code or thread is left over from another case. */
async function measureOnce(stage: Stage, name: string, seconds: number): Promise<Measurement> {
  progress(`${stage}: ${name}`);
  const { stdout } = await run(process.execPath, ['--expose-gc', join(import.meta.dirname, 'measure.ts'), stage, name, String(seconds)]);
  const outcome = JSON.parse(stdout) as Measurement | { error: string };
  if ('error' in outcome) throw new Error(outcome.error);
  return outcome;
}

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`);
}

function parsePlan(args: readonly string[]): Plan | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
    },
  });
  const known = positionals.every((name) => (STAGES as readonly string[]).includes(name));
  const [runs, seconds] = [Number(values.runs), Number(values.seconds)];
  if (!known || !Number.isInteger(runs) || runs < 1 || !(seconds > 0)) return undefined;
  return { stages: positionals.length > 0 ? (positionals as Stage[]) : STAGES, runs, seconds, json: values.json };
}

const plan = parsePlan(process.argv.slice(2));
if (plan) process.exitCode = (await main(plan)) ? 0 : 1;
else {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 64;
}
