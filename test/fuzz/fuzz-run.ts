/**
 * `npm run campaign:fuzz [-- --seed N] [--datagrams N | --seconds S] [--session N]`: damaged datagrams through the code of the receiving thread, then frames
 * of random sizes through the ring between two threads; `--seconds` is for each of the two. Prints the seed first and then, as JSON, what came of it. Ends
 * with 1 at the first thing that should not be, naming the session: with the same seed, `--session` repeats it alone.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runSession } from './receive-session.ts';
import type { Tally } from './reference.ts';
import { runRing } from './ring-passage.ts';

const DEFAULT_SECONDS = '60';
const PER_SESSION = 10_000;
const PER_PASSAGE = 20_000;
/** Frames through the ring for one datagram through the receiving code: about the same time. */
const FRAMES_PER_DATAGRAM = 0.2;

interface Plan {
  readonly seed: number;
  readonly datagrams: number;
  readonly seconds: number;
  /** The only one to run. */
  readonly session: number | undefined;
}

/** Undefined for what is no whole number. */
function parsePlan(args: readonly string[]): Plan | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, datagrams: { type: 'string' }, seconds: { type: 'string' }, session: { type: 'string' } },
  });
  if (Object.values(values).some((value) => !/^\d{1,15}$/.test(value))) return undefined;
  const {
    seed = String(randomInt(2 ** 47)),
    datagrams,
    seconds = datagrams === undefined ? DEFAULT_SECONDS : 'Infinity',
    session,
  } = values;
  return {
    seed: Number(seed),
    datagrams: Number(datagrams ?? 'Infinity'),
    seconds: Number(seconds),
    session: session === undefined ? undefined : Number(session),
  };
}

function receive({ seed, datagrams, seconds, session: only }: Plan): object {
  const total = { datagrams: 0, sessions: 0, refused: 0 };
  const tally: Tally = { foreign: 0, malformed: 0, acks: 0, unknown: 0, events: 0, lost: 0 };
  const started = performance.now();
  const isOver = (): boolean => total.datagrams >= datagrams || performance.now() - started >= seconds * 1000;
  for (let session = only ?? 0; !isOver(); session += 1) {
    const result = runOne(seed, session);
    total.sessions += 1;
    total.datagrams += result.datagrams;
    total.refused += result.refused ? 1 : 0;
    for (const name of Object.keys(tally) as (keyof Tally)[]) tally[name] += result.tally[name];
    if (only !== undefined) break;
  }
  return { ...total, ...tally, seconds: (performance.now() - started) / 1000 };
}

function runOne(seed: number, session: number): ReturnType<typeof runSession> {
  try {
    return runSession({ seed, session, datagrams: PER_SESSION });
  } catch (cause) {
    throw new Error(`--seed ${seed} --session ${session} failed`, { cause });
  }
}

async function pass({ seed, datagrams, seconds }: Plan): Promise<object> {
  const total = { frames: 0, bytes: 0, waits: 0 };
  const started = performance.now();
  const isOver = (): boolean => total.frames >= datagrams * FRAMES_PER_DATAGRAM || performance.now() - started >= seconds * 1000;
  for (let passage = 0; !isOver(); passage += 1) {
    const { frames, bytes, waits } = await runRing({ seed: seed + passage, frames: PER_PASSAGE }).catch((cause: unknown) => {
      throw new Error(`a passage through the ring failed, the first of --seed ${seed + passage}`, { cause });
    });
    total.frames += frames;
    total.bytes += bytes;
    total.waits += waits;
  }
  return { ...total, seconds: (performance.now() - started) / 1000 };
}

async function main(plan: Plan): Promise<void> {
  process.stderr.write(`seed ${plan.seed}\n`);
  const received = receive(plan);
  const passed = plan.session === undefined ? await pass(plan) : undefined;
  const maxRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(`${JSON.stringify({ seed: plan.seed, received, passed, maxRssMiB })}\n`);
}

const plan = parsePlan(process.argv.slice(2));
if (plan !== undefined) await main(plan);
else {
  process.stderr.write('Usage: npm run campaign:fuzz [-- --seed N] [--datagrams N | --seconds S] [--session N]\n');
  process.exitCode = 64;
}
