import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNats } from '../test/helpers/nats/start.ts';

const PLACE = 'FORKCAST_BENCH_NATS';
const GIB = 2 ** 30;

/** How the runs of a stage find the server. */
export interface NatsPlace {
  readonly url: string;
  readonly monitoringUrl: string;
  readonly pid: number;
}

/** Of the server that `withNats` has started, for the processes that are started meanwhile. */
export function natsPlace(): NatsPlace {
  const told = process.env[PLACE];
  if (told === undefined) throw new Error('there is no server: run the stage with npm run bench');
  return JSON.parse(told) as NatsPlace;
}

/** Has one server on this machine while `work` is done. */
export async function withNats<T>(work: () => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'forkcast-bench-'));
  const jetstream = { store_dir: folder, max_mem: 4 * GIB, max_file: 16 * GIB };
  const server = await startNats({ config: { jetstream } });
  try {
    const place: NatsPlace = { url: server.url, monitoringUrl: server.monitoringUrl, pid: server.pid as number };
    process.env[PLACE] = JSON.stringify(place);
    return await work();
  } finally {
    delete process.env[PLACE];
    await server.close();
    await rm(folder, { recursive: true });
  }
}
