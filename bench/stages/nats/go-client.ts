import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { batchesOf } from '../../corpus/record-batches.ts';
import type { Measurement } from '../../measurement.ts';
import { withDestination } from './destination.ts';
import type { Destination } from './destination.ts';
import { RECORD_BYTES, expectedRate } from './load.ts';
import type { Load } from './load.ts';
import { serverCpuUs, serverFigure } from './server-cpu.ts';

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, '../../peers/nats');
/** It is faster than we are where nobody stores what it sends. */
const FASTER = 3;

export interface GoLoad extends Load {
  /** Whether messages have the headers of our events. */
  readonly headers: boolean;
}

/** The client that its servers are made with: asynchronous publishing with a window as wide as ours. Rejects where there is no Go that builds it. */
export function measureGo(load: GoLoad, seconds: number): Promise<Measurement> {
  return withDestination(load.storage, async (destination) => {
    const folder = await mkdtemp(join(tmpdir(), 'forkcast-bench-'));
    try {
      return await publish(load, destination, { folder, seconds });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

async function publish(
  load: GoLoad,
  { url, name, arrived }: Destination,
  { folder, seconds: wanted }: { readonly folder: string; readonly seconds: number },
): Promise<Measurement> {
  const { storage, perMessage, headers } = load;
  const [program, records] = [join(folder, 'nats'), join(folder, 'records')];
  // Go keeps what it has compiled.
  await run('go', ['build', '-mod=readonly', '-o', program, '.'], { cwd: SOURCE });
  await writeFile(records, recordFile());
  const messages = Math.ceil((wanted * expectedRate(load) * (storage === 'none' ? FASTER : 1)) / perMessage);
  const events = messages * perMessage;
  const how = [storage === 'none' ? 'core' : 'jetstream', headers ? name : 'none'];
  const before = serverCpuUs();
  const { stdout } = await run(program, [url, `${name}.bench.process.exec`, records, String(events), String(perMessage), ...how]);
  const server = serverFigure(serverCpuUs() - before, events);
  const { seconds, cpuUs, rssKiB } = JSON.parse(stdout) as { seconds: number; cpuUs: number; rssKiB: number };
  return {
    eventsPerSecond: events / seconds,
    cpuUsPerEvent: cpuUs / events,
    rssMiB: rssKiB / 1024,
    extra: { ...server, events, missing: messages - (await arrived()) },
  };
}

/** Of each record its length, little-endian, and its bytes. */
function recordFile(): Uint8Array[] {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(RECORD_BYTES);
  return batchesOf({ perBatch: 512, bytes: RECORD_BYTES }).flatMap(({ items }) => items.flatMap(({ bytes }) => [length, bytes]));
}
