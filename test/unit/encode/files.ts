import type { AnyEvent } from '../../../src/core/any-event.ts';
import type { RecordStream } from '../../../src/core/event.ts';
import type { Decoded } from '../../../src/encode/avro/decoded.ts';
import { createAvroEncoder } from '../../../src/encode/avro/binary.ts';
import type { OcfCodec } from '../../../src/encode/avro/ocf-codec.ts';
import { createOcf } from '../../../src/encode/avro/ocf.ts';
import { decode } from '../../../src/encode/decode.ts';

/** Container files in memory, and what reading them yields. */
export const sync = Buffer.from('f0e1d2c3b4a5968778695a4b3c2d1e0f', 'hex');
const encoder = createAvroEncoder();

export interface Container {
  readonly bytes: Buffer;
  /** Offsets after the header and after each block. */
  readonly ends: readonly number[];
}

/** One block per list of events. */
export async function container(stream: RecordStream, codec: OcfCodec, blocks: readonly (readonly AnyEvent[])[]): Promise<Container> {
  const ocf = createOcf(stream, codec);
  const parts = [ocf.header({ agent_id: 'a', first_sequence: '1' }, sync)];
  for (const events of blocks) {
    const body = Buffer.concat(events.map((event) => encoder.encode(event).bytes));
    parts.push(await ocf.block(events.length, body, sync));
  }
  const ends = parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, part) => sum + part.length, 0));
  return { bytes: Buffer.concat(parts), ends };
}

export async function* chunks(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

export interface Reading {
  readonly events: AnyEvent[];
  readonly notes: Exclude<Decoded, { what: 'event' }>[];
}

export async function readAll(bytes: Uint8Array, chunkSize?: number): Promise<Reading> {
  const reading: Reading = { events: [], notes: [] };
  for await (const item of decode(chunks(bytes, chunkSize))) {
    if (item.what === 'event') reading.events.push(item.event);
    else reading.notes.push(item);
  }
  return reading;
}

/** Decoded events are instances of avsc's constructors, and their ids views into pools: compare what they say. */
export const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
export const sequences = (reading: Reading): (number | null)[] => reading.events.map(({ event }) => event.sequence);
