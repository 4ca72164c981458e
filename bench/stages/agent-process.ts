import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunRecord } from '../../src/agent/run-record.ts';
import { waitFor } from '../../test/helpers/wait-for.ts';
import type { E2eSink } from '../measurement.ts';
import { cpuUsOf, threadOf } from './proc-cpu.ts';

/** As users start it: the launcher's settings are part of what is measured. `npm run bench` builds before it measures. */
const FORKCAST = join(import.meta.dirname, '../../bin/forkcast');
const LISTENING = 'listening: the kernel delivers';
const INGEST_THREAD = 'forkcast-ingest';

export interface AgentProcess {
  readonly pid: number;
  /** CPU time so far, all threads, in steps of 10 ms. */
  cpuUs(): number;
  /** The same of the ingest thread alone. */
  ingestCpuUs(): number;
  peakRssMiB(): number;
  /** Ends it and gives its closing books. Its folder is removed. */
  stop(): Promise<RunRecord>;
}

/** What is not the default. */
export interface AgentSettings {
  readonly sink: E2eSink;
  /** Keys of `enrich`. */
  readonly enrich: Readonly<Record<string, unknown>>;
}

/** The agent with its defaults and one sink, in a folder of its own; resolves when the kernel's events reach it. */
export async function startAgent({ sink, enrich }: AgentSettings): Promise<AgentProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'forkcast-bench-'));
  const dataDir = join(folder, 'data');
  const config = join(folder, 'forkcast.json');
  await writeFile(config, JSON.stringify({ agent: { data_dir: dataDir }, enrich, sinks: { bench: { type: sink } } }));
  const child = spawn(FORKCAST, ['run', '-c', config], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const closed = once(child, 'close');
  const state = (): 'listening' | 'ended' | undefined => {
    if (child.exitCode !== null || child.signalCode !== null) return 'ended';
    return log.includes(LISTENING) ? 'listening' : undefined;
  };
  const stop = async (): Promise<RunRecord> => {
    child.kill('SIGTERM');
    await closed;
    try {
      if (child.exitCode !== 0) throw new Error(`the agent ended with ${child.exitCode ?? child.signalCode}: ${log}`);
      return JSON.parse(await readFile(join(dataDir, 'state/last-run.json'), 'utf8')) as RunRecord;
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  const pid = child.pid ?? 0;
  const reached = await waitFor(state, { what: `the agent to say "${LISTENING}"`, timeoutMs: 20_000 }).catch(String);
  if (reached !== 'listening')
    throw await stop().then(
      () => new Error(reached),
      (error: unknown) => error,
    );
  const ingest = await threadOf(pid, INGEST_THREAD);
  return { pid, cpuUs: () => cpuUsOf(`/proc/${pid}`), ingestCpuUs: () => cpuUsOf(ingest), peakRssMiB: () => peakRssMiB(pid), stop };
}

function peakRssMiB(pid: number): number {
  const kiB = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kiB) / 1024;
}
