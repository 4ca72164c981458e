/** What a NATS stream holds, as framed records one behind the other: node examples/nats-consumer.mjs localhost:4222 FORKCAST | bin/forkcast decode --format line - */
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

const [, , servers = 'localhost:4222', stream = 'FORKCAST'] = process.argv;

/** A message holds one record, or several, each with its length before it. */
function* recordsOf({ headers, data }) {
  if (!headers.get('content-type').includes('batch=uint32')) return yield data;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < data.length; at += 4 + view.getUint32(at)) yield data.subarray(at + 4, at + 4 + view.getUint32(at));
}

const connection = await connect({ servers });
const consumer = await jetstream(connection).consumers.get(stream);
const { num_pending } = await consumer.info();
if (num_pending > 0)
  for await (const message of await consumer.consume()) {
    for (const record of recordsOf(message)) process.stdout.write(record);
    if (message.info.pending === 0) break;
  }
await connection.close();
