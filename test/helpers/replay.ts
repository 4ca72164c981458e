import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../src/cli/run.ts';
import type { AgentEvent } from '../../src/core/agent-event.ts';
import type { AnyEvent } from '../../src/core/any-event.ts';
import type { ProcessEvent } from '../../src/core/event.ts';
import { decode } from '../../src/encode/decode.ts';
import { fakeIo } from '../unit/cli/fake-io.ts';
import { tempDir } from './temp-dir.ts';

export interface Replay {
  readonly code: number;
  readonly err: string;
  readonly out: string;
  /** Folder of the agent's data. */
  readonly data: string;
  /** Names of the event files, sorted. */
  readonly files: readonly string[];
  readonly read: (name: string) => Promise<Buffer>;
}

/** Runs the agent on a recording, in this process, to the end; one file sink unless `set` says otherwise. */
export async function replay(recording: string, { speed = 0, set = [] as readonly string[], data = '' } = {}): Promise<Replay> {
  const folder = data === '' ? await tempDir() : data;
  const source = ['source.type=replay', `source.replay.path=${JSON.stringify(recording)}`, `source.replay.speed=${speed}`];
  const io = fakeIo();
  const host = { onSignal: () => () => undefined, onExit: () => () => undefined };
  const code = await runCommand({ set: [`agent.data_dir=${folder}/data`, 'sinks={disk: {type: file}}', ...source, ...set] }, io, host);
  const events = join(folder, 'data/events');
  const files = await readdir(events).then(
    (names) => names.filter((name) => name.endsWith('.avro')).toSorted((a, b) => (a < b ? -1 : 1)),
    () => [],
  );
  return {
    code,
    err: io.stderr.text,
    out: io.stdout.text,
    data: join(folder, 'data'),
    files,
    read: (name) => readFile(join(events, name)),
  };
}

/** Names and contents of its files, to be compared. */
export async function digests({ files, read }: Replay): Promise<Record<string, string>> {
  const entries = files.map(
    async (name) =>
      [
        name,
        createHash('sha256')
          .update(await read(name))
          .digest('hex'),
      ] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** The events of its files in the order of their sequence; CHECKPOINTs, which have none, behind them. */
export async function eventsOf({ files, read }: Replay): Promise<AnyEvent[]> {
  const events: AnyEvent[] = [];
  for (const name of files) {
    const bytes = await read(name);
    const input = (async function* () {
      yield bytes;
    })();
    for await (const item of decode(input)) {
      if (item.what !== 'event') throw new Error(`${name} is not whole`);
      events.push(item.event);
    }
  }
  const place = ({ event }: AnyEvent): number => event.sequence ?? Number.MAX_SAFE_INTEGER;
  return events.toSorted((a, b) => place(a) - place(b));
}

export const agentEvents = (events: readonly AnyEvent[]): AgentEvent[] =>
  events.flatMap((any) => (any.stream === 'agent' ? [any.event] : []));
export const processEvents = (events: readonly AnyEvent[]): ProcessEvent[] =>
  events.flatMap((any) => (any.stream === 'process' ? [any.event] : []));
