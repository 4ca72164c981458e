import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startCluster } from '../test/helpers/kafka/cluster.ts';
import { freePorts } from '../test/helpers/free-ports.ts';

const ADDRESSES = 'FORKCAST_BENCH_KAFKA';
export const ROUND_TRIP_MS = 20;
const PRODUCER = 'org.apache.kafka.tools.ProducerPerformance';
/** A broker, too, compiles what it does often: its first million records are its slowest. */
const WARM_UP = ['--topic', 'warm-up', '--num-records', '2000000', '--record-size', '215', '--throughput', '-1'];

/** How the runs of a stage find the broker. */
export interface BrokerAddresses {
  readonly near: string;
  /** By way of a proxy that makes every round trip take `ROUND_TRIP_MS` longer. */
  readonly far: string;
}

/** Those of the broker that `withBroker` has started, for the processes that are started meanwhile. */
export function brokerAddresses(): BrokerAddresses {
  const told = process.env[ADDRESSES];
  if (told === undefined) throw new Error('there is no broker: run the stage with npm run bench');
  return JSON.parse(told) as BrokerAddresses;
}

/** Has one broker on this machine while `work` is done; `isWarm`: as fast as it can be, which takes a while. */
export async function withBroker<T>(work: () => Promise<T>, { isWarm }: { readonly isWarm: boolean }): Promise<T> {
  const [farPort = 0] = await freePorts(1);
  // What a run has written is removed at once, and nothing is flushed by the clock of another run.
  const cluster = await startCluster({ fullSpeed: true, autoCreate: true, farPort, overrides: { 'log.segment.delete.delay.ms': '1000' } });
  const proxy = spawn(process.execPath, [
    join(import.meta.dirname, 'delaying-proxy.ts'),
    String(farPort),
    cluster.listeners.far.split(':')[1] ?? '',
    String(ROUND_TRIP_MS / 2),
  ]);
  try {
    proxy.stderr.pipe(process.stderr);
    await once(proxy.stdout, 'data');
    if (isWarm) await cluster.tool(PRODUCER, [...WARM_UP, '--bootstrap-server', cluster.bootstrap]);
    const addresses: BrokerAddresses = { near: cluster.bootstrap, far: `127.0.0.1:${farPort}` };
    process.env[ADDRESSES] = JSON.stringify(addresses);
    return await work();
  } finally {
    delete process.env[ADDRESSES];
    proxy.kill();
    await cluster.close();
  }
}
