import { jetstream } from '@nats-io/jetstream';
import { connect, headers as createHeaders } from '@nats-io/transport-node';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { Encoded } from '../../../src/core/encoded.ts';
import { batchesOf } from '../../corpus/record-batches.ts';
import { Numbered } from '../../lane/numbered.ts';
import { latencies } from '../../measurement.ts';
import type { Measurement } from '../../measurement.ts';
import { withDestination } from './destination.ts';
import type { Storage } from './destination.ts';
import { RECORD_BYTES } from './load.ts';
import { ServedMeter } from './server-cpu.ts';

const WARM_UP_SECONDS = 1.5;
/** Between two questions to the server whether it has everything, where it acknowledges nothing by itself. */
const BETWEEN_FLUSHES = 4096;
const RUN = '02020202-0202-0202-0202-020202020202';

export interface UsualLoad {
  readonly storage: Storage;
  /** How many calls wait for their answer at once. */
  readonly atOnce: number;
}

/** What the client that the sink is made of does by itself: with a stream a request a message, without one a `publish`. */
export function measureUsual({ storage, atOnce }: UsualLoad, seconds: number): Promise<Measurement> {
  return withDestination(storage, async ({ url, name, arrived }) => {
    const connection = await connect({ servers: [url] });
    const stream = jetstream(connection);
    const subject = `${name}.bench.process.exec`;
    const send =
      storage === 'none'
        ? async ({ bytes, sequence }: Encoded): Promise<void> => {
            connection.publish(subject, bytes, { headers: headersOf(sequence) });
            if (sequence % BETWEEN_FLUSHES === 0) await connection.flush();
          }
        : async ({ bytes, sequence }: Encoded): Promise<void> => {
            const msgID = `${RUN}/${RUN}/${sequence}`;
            await stream.publish(subject, bytes, { headers: headersOf(sequence), msgID, expect: { streamName: name } });
          };
    const source = new Numbered(batchesOf({ perBatch: 1, bytes: RECORD_BYTES }));
    const repeat = (forSeconds: number): Promise<number[]> => repeated(() => send(source.next().items[0] as Encoded), atOnce, forSeconds);
    await repeat(WARM_UP_SECONDS);
    await connection.flush();
    const meter = new ServedMeter();
    const before = source.given;
    meter.start();
    const waitsUs = await repeat(seconds);
    await connection.flush();
    meter.stop(source.given - before);
    const extra = { events: meter.events, missing: source.given - (await arrived()) };
    await connection.close();
    return { ...meter.result(extra), ...(storage === 'none' ? {} : latencies(waitsUs)) };
  });
}

async function repeated(send: () => Promise<void>, atOnce: number, seconds: number): Promise<number[]> {
  const untilMs = performance.now() + seconds * 1000;
  const waitsUs: number[] = [];
  const one = async (): Promise<void> => {
    for (let beganMs = performance.now(); beganMs < untilMs; beganMs = performance.now()) {
      await send();
      waitsUs.push((performance.now() - beganMs) * 1000);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return waitsUs;
}

function headersOf(sequence: number): MsgHdrs {
  const all = createHeaders();
  all.set('event-id', `${RUN}:${sequence}`);
  all.set('schema', 'forkcast.v1.ProcessEvent/0123456789abcdef');
  all.set('host-id', RUN);
  all.set('content-type', 'application/vnd.apache.avro; framing=single_object');
  return all;
}
