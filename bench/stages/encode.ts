import { randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import type { Encoder } from '../../src/core/component.ts';
import type { AnyEvent } from '../../src/core/any-event.ts';
import { Digest, EventHash } from '../../src/core/digest.ts';
import type { ProcessKind } from '../../src/core/event.ts';
import { createAvroEncoder } from '../../src/encode/avro/binary.ts';
import type { OcfCodec } from '../../src/encode/avro/ocf-codec.ts';
import { createOcf } from '../../src/encode/avro/ocf.ts';
import { createSingleObjectEncoder } from '../../src/encode/avro/single-object.ts';
import { createEcsEncoder } from '../../src/encode/ecs/ecs.ts';
import { createOcsfEncoder } from '../../src/encode/ocsf/ocsf.ts';
import { createJsonEncoder } from '../../src/encode/text/json.ts';
import { enrichedEvents } from '../corpus/enricher.ts';
import { createAvscEncoder } from '../peers/avsc-encoder.ts';
import { Meter, latencies } from '../measurement.ts';
import type { BenchCase, Measurement } from '../measurement.ts';

const CORPUS_CYCLES = 2000;
const WARM_UP_ROUNDS = 20;
const BLOCK_BYTES = 256 * 1024;
const DIGEST_ROUND = 10_000;

export const encodeCases: readonly BenchCase[] = [
  encodeCase('avro', createAvroEncoder),
  encodeCase('avro FORK', createAvroEncoder, 'FORK'),
  encodeCase('avro EXEC', createAvroEncoder, 'EXEC'),
  encodeCase('avro EXIT', createAvroEncoder, 'EXIT'),
  encodeCase('avro single_object', createSingleObjectEncoder),
  encodeCase('ecs', createEcsEncoder),
  encodeCase('ocsf', createOcsfEncoder),
  encodeCase('avro by avsc alone', createAvscEncoder),
  encodeCase('avro by avsc alone FORK', createAvscEncoder, 'FORK'),
  encodeCase('avro by avsc alone EXEC', createAvscEncoder, 'EXEC'),
  encodeCase('avro by avsc alone EXIT', createAvscEncoder, 'EXIT'),
  encodeCase('json', createJsonEncoder),
  blockCase('zstd'),
  blockCase('deflate'),
  blockCase('snappy'),
  digestCase(),
];

function encodeCase(name: string, create: () => Encoder<AnyEvent>, kind?: ProcessKind): BenchCase {
  const measure = (seconds: number): Measurement => {
    const events = enrichedEvents(CORPUS_CYCLES).filter(({ event }) => kind === undefined || event.kind === kind);
    const encoder = create();
    for (let i = 0; i < WARM_UP_ROUNDS; i++) encodeAll(encoder, events);
    const meter = new Meter();
    let bytes = 0;
    while (meter.seconds < seconds) {
      meter.start();
      bytes += encodeAll(encoder, events);
      meter.stop(events.length);
    }
    return meter.result({ 'B/event': bytes / meter.events, 'zstd B/event': compressedSize(encoder, events) });
  };
  return { stage: 'encode', name, measure: (seconds) => Promise.resolve(measure(seconds)) };
}

/** Bytes an event takes where about as many as fill a block of a file, or a batch, are compressed together. */
function compressedSize(encoder: Encoder<AnyEvent>, events: readonly AnyEvent[]): number {
  const { body, count } = oneBlock(encoder, events);
  return zstdCompressSync(body).length / count;
}

function encodeAll(encoder: Encoder<AnyEvent>, events: readonly AnyEvent[]): number {
  let bytes = 0;
  for (const event of events) bytes += encoder.encode(event).bytes.length;
  return bytes;
}

/** Finished OCF blocks of 256 KiB from encoded events; latency is that of a block. */
function blockCase(codec: OcfCodec): BenchCase {
  const measure = async (seconds: number): Promise<Measurement> => {
    const { body, count } = oneBlock(createAvroEncoder(), enrichedEvents(CORPUS_CYCLES));
    const container = createOcf('process', codec);
    const sync = randomBytes(16);
    let packed = await container.block(count, body, sync);
    const meter = new Meter();
    const samples: number[] = [];
    while (meter.seconds < seconds) {
      const since = meter.seconds;
      meter.start();
      packed = await container.block(count, body, sync);
      meter.stop(count);
      samples.push((meter.seconds - since) * 1e6);
    }
    return { ...meter.result({ 'B/event': packed.length / count, ratio: body.length / packed.length }), ...latencies(samples) };
  };
  return { stage: 'encode', name: `ocf block ${codec}`, measure };
}

/** What an event adds to the digest of a checkpoint. */
function digestCase(): BenchCase {
  const measure = (seconds: number): Measurement => {
    const hash = new EventHash(randomBytes(16));
    const digest = new Digest();
    const meter = new Meter();
    let sequence = 0;
    const round = (): void => {
      for (let i = 0; i < DIGEST_ROUND; i++) digest.add(hash.of((sequence += 1)));
    };
    for (let i = 0; i < WARM_UP_ROUNDS; i++) round();
    while (meter.seconds < seconds) {
      meter.start();
      round();
      meter.stop(DIGEST_ROUND);
    }
    return meter.result();
  };
  return { stage: 'encode', name: 'checkpoint digest', measure: (seconds) => Promise.resolve(measure(seconds)) };
}

function oneBlock(encoder: Encoder<AnyEvent>, events: readonly AnyEvent[]): { body: Uint8Array; count: number } {
  const records: Uint8Array[] = [];
  let bytes = 0;
  for (const event of events) {
    if (bytes >= BLOCK_BYTES) break;
    const { bytes: record } = encoder.encode(event);
    records.push(record);
    bytes += record.length;
  }
  return { body: Buffer.concat(records), count: records.length };
}
