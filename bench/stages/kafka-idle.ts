import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '../../src/core/batch.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import { KafkaAdmin } from '../../test/helpers/kafka/admin.ts';
import type { DriverName } from '../../test/helpers/kafka/driver-settings.ts';
import { openSink } from '../../test/helpers/kafka/open-sink.ts';
import { batchesOf } from '../corpus/record-batches.ts';
import { brokerAddresses } from '../kafka-broker.ts';
import { Meter } from '../measurement.ts';
import type { BenchCase, Measurement } from '../measurement.ts';
import { createSink } from './kafka/create-sink.ts';

/** Whoever asks for less gets no figure: a few milliseconds of CPU time are to be told from none. */
const LEAST_SECONDS = 20;
/** What opening, compiling and collecting leave to be done. */
const SETTLE_MS = 3000;
/** As often as an agent states what it accepted, by default: an idle one sends this. */
const CHECKPOINT_MS = 5000;
const never = new AbortController().signal;

/** Brings one batch to the broker, of an open sink. */
type Send = () => Promise<void>;

const drivers: readonly DriverName[] = ['platformatic', 'kafkajs'];

/** CPU time of a process whose sink is connected, beside one that has none. */
export const kafkaIdleCases: readonly BenchCase[] = [
  idle('no sink', (seconds) => measureIdle(seconds)),
  ...drivers.map((driver) => idle(`${driver}, nothing to send`, (seconds) => withSink(driver, () => measureIdle(seconds)))),
  ...drivers.map((driver) =>
    idle(`${driver}, a checkpoint every ${CHECKPOINT_MS / 1000} s`, (seconds) => withSink(driver, (send) => measureIdle(seconds, send))),
  ),
];

function idle(name: string, measure: BenchCase['measure']): BenchCase {
  return { stage: 'kafka-idle', name, measure };
}

async function measureIdle(seconds: number, send?: Send): Promise<Measurement> {
  await send?.();
  await sleep(SETTLE_MS);
  globalThis.gc?.();
  const meter = new Meter();
  meter.start();
  const untilMs = performance.now() + Math.max(seconds, LEAST_SECONDS) * 1000;
  for (let leftMs = untilMs - performance.now(); leftMs > 0; leftMs = untilMs - performance.now()) {
    await sleep(Math.min(leftMs, CHECKPOINT_MS));
    await send?.();
  }
  meter.stop(0);
  const percent = meter.cpuUs / meter.seconds / 1e4;
  return { rssMiB: process.resourceUsage().maxRSS / 1024, extra: { '% of a core': percent, seconds: meter.seconds } };
}

/** `work` while a sink is open that has delivered a batch: it has all connections that it needs. */
async function withSink(driver: DriverName, work: (send: Send) => Promise<Measurement>): Promise<Measurement> {
  const bootstrap = brokerAddresses().near;
  const topic = await newTopic(bootstrap);
  const sink = await openSink(() => createSink({ driver, compression: 'zstd', bootstrap, topic, spread: false }));
  try {
    const [first] = batchesOf({ perBatch: 1 }) as [Batch<Encoded>];
    let sequence = 0;
    // Another batch each time: the same one has been delivered.
    const send: Send = () => {
      sequence += 1;
      const [event] = first.items as [Encoded];
      return sink.write({ ...first, items: [{ ...event, sequence }] }, never);
    };
    await send();
    return await work(send);
  } finally {
    await sink.close();
  }
}

/** Stays there: the broker goes with it. Whoever made it leaves no connection behind. */
async function newTopic(bootstrap: string): Promise<string> {
  const admin = new KafkaAdmin(bootstrap);
  const topic = `idle-${randomUUID()}`;
  await admin.createTopic(topic);
  await admin.close();
  return topic;
}
