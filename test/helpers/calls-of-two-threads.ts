import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { DataType, define, open } from 'ffi-rs';
import { resolveAll } from '../../src/ingest/native/resolve.ts';

/*
 * Two threads make the first calls of the same functions at the same moment, many times: each time by another name of the library, which ffi-rs takes for another
 * library. The first argument says whether they are resolved before; the process ends with 0 if it survives.
 */
const ROUNDS = 100;
/** Both are to come out of it within a microsecond where they have a CPU each, and to leave it to the other where they have not. */
const SPINS = 20_000;
const NAMES =
  'getpid getppid getuid geteuid getgid getegid getpgrp sched_yield rand random lrand48 mrand48 clock getpagesize getdtablesize'.split(' ');

const words = isMainThread ? new Int32Array(new SharedArrayBuffer(8)) : (workerData as Int32Array);

function callsOf(round: number, names: readonly string[]) {
  const type = { library: `c${round}`, retType: DataType.I32, paramsType: [] };
  return define(Object.fromEntries(names.map((name) => [name, type])));
}

function waitFor(place: number, value: number): void {
  for (let spins = 0, now = Atomics.load(words, place); now < value; now = Atomics.load(words, place), spins += 1)
    if (spins > SPINS) Atomics.wait(words, place, now, 1);
}

/** Both are there when both have come. */
function meet(round: number): void {
  Atomics.add(words, 0, 1);
  waitFor(0, 2 * (round + 1));
}

function take(round: number): void {
  if (isMainThread) {
    open({ library: `c${round}`, path: '' });
    if (process.argv[2] === 'resolved') resolveAll(callsOf(round, NAMES));
    Atomics.store(words, 1, round + 1);
  } else waitFor(1, round + 1);
  const calls = callsOf(round, isMainThread ? NAMES : NAMES.toReversed());
  meet(round);
  for (const call of Object.values(calls)) call([]);
}

function takeAll(): void {
  for (let round = 0; round < ROUNDS; round += 1) take(round);
}

if (isMainThread) new Worker(new URL(import.meta.url), { workerData: words }).once('online', takeAll);
else takeAll();
