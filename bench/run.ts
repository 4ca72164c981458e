/** `npm run bench [-- STAGE…] [options]`: how fast, and at what cost, this machine does each stage's work. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import lockMachine from '../test/helpers/machine-lock.ts';
import { benchCases } from './cases.ts';
import { E2E_SINKS, STAGES } from './measurement.ts';
import type { Choice, E2eSink, Measurement, Stage } from './measurement.ts';
import { withBroker } from './kafka-broker.ts';
import { withNats } from './nats-server.ts';
import { machineLine, table, thisMachine } from './report.ts';
import type { CaseResult } from './report.ts';

const USAGE = `Usage: npm run bench [-- ${STAGES.join(' | ')} …] [--runs N (3)] [--seconds S (2)] [--json]
       npm run bench -- e2e [--sink ${E2E_SINKS.join('|')} (file)] [--rate EVENTS (the usual cases; 0: full speed)] …`;

type Work = () => Promise<CaseResult[]>;
const asItIs = (work: Work): Promise<CaseResult[]> => work();
/** What there must be around the runs of a stage. */
const SURROUNDINGS: Readonly<Record<Stage, (work: Work) => Promise<CaseResult[]>>> = {
  encode: asItIs,
  enrich: asItIs,
  redact: asItIs,
  spool: asItIs,
  ring: asItIs,
  ingest: alone,
  e2e: alone,
  kafka: (work) => withBroker(work, { isWarm: true }),
  'kafka-idle': (work) => withBroker(work, { isWarm: false }),
  nats: withNats,
};

interface Plan {
  readonly stages: readonly Stage[];
  readonly runs: number;
  readonly seconds: number;
  readonly json: boolean;
  readonly choice: Choice;
}

const run = promisify(execFile);

async function main(plan: Plan): Promise<boolean> {
  const machine = thisMachine();
  process.stderr.write(`${machineLine(machine)}\n`);
  const results: CaseResult[] = [];
  for (const stage of plan.stages) results.push(...(await SURROUNDINGS[stage](() => runStage(stage, plan))));
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
  for (const { name, peer } of await benchCases(stage, plan.choice)) {
    const about = { stage, name, ...(peer === undefined ? {} : { peer }) };
    const runs: Measurement[] = [];
    try {
      for (let i = 0; i < plan.runs; i++) runs.push(await measureOnce(stage, name, plan));
      results.push({ ...about, runs });
    } catch (error) {
      results.push({ ...about, runs, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return results;
}

/** What storms the live kernel and counts its events shares the machine with no test that does the same. */
async function alone(work: Work): Promise<CaseResult[]> {
  const release = await lockMachine();
  try {
    return await work();
  } finally {
    await release();
  }
}

/** A process of its own each time: no heap, compiled code or thread is left over from another case. */
async function measureOnce(stage: Stage, name: string, { seconds, choice }: Plan): Promise<Measurement> {
  progress(`${stage}: ${name}`);
  const args = [stage, name, String(seconds), JSON.stringify(choice)];
  const { stdout } = await run(process.execPath, ['--expose-gc', join(import.meta.dirname, 'measure.ts'), ...args]);
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
      sink: { type: 'string' },
      rate: { type: 'string' },
    },
  });
  const stages = positionals.length > 0 ? (positionals as Stage[]) : STAGES;
  const [runs, seconds] = [Number(values.runs), Number(values.seconds)];
  const choice = parseChoice(values);
  if (!stages.every((name) => STAGES.includes(name)) || !Number.isInteger(runs) || runs < 1 || !(seconds > 0)) return undefined;
  if (choice === undefined || (!stages.includes('e2e') && (values.sink ?? values.rate) !== undefined)) return undefined;
  return { stages, runs, seconds, json: values.json, choice };
}

function parseChoice({ sink = 'file', rate }: { readonly sink?: string; readonly rate?: string }): Choice | undefined {
  if (!E2E_SINKS.includes(sink as E2eSink)) return undefined;
  if (rate === undefined) return { sink: sink as E2eSink };
  return /^\d{1,9}$/.test(rate) ? { sink: sink as E2eSink, rate: Number(rate) } : undefined;
}

const plan = parsePlan(process.argv.slice(2));
if (plan) process.exitCode = (await main(plan)) ? 0 : 1;
else {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 64;
}
