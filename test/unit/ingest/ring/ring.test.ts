import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RingConsumer, RingProducer, createRingMemory } from '../../../../src/ingest/ring/ring.ts';

const KIB64 = 65536;

function ends(): { producer: RingProducer; consumer: RingConsumer } {
  const memory = createRingMemory(KIB64);
  return { producer: new RingProducer(memory), consumer: new RingConsumer(memory) };
}

function write(producer: RingProducer, payload: Buffer): boolean {
  const offset = producer.reserve(payload.length + 8);
  if (offset < 0) return false;
  producer.bytes.set(payload, offset + 8);
  producer.commit(offset, 1, payload.length + 8);
  return true;
}

describe('the ring', () => {
  test('a frame is read as it was written, and its room comes back only after release', () => {
    const { producer, consumer } = ends();
    write(producer, Buffer.from('hello'));
    const frame = consumer.next();
    expect(frame?.type).toBe(1);
    expect(consumer.bytes.toString('latin1', frame?.offset, (frame?.offset ?? 0) + 5)).toBe('hello');
    expect(consumer.used).toBe(16);
    consumer.release();
    expect(consumer.used).toBe(0);
    expect(consumer.next()).toBeUndefined();
  });

  test('a full ring refuses instead of overwriting, and takes again after release', () => {
    const { producer, consumer } = ends();
    let written = 0;
    while (write(producer, Buffer.alloc(1000, written & 0xff))) written += 1;
    expect(written).toBe(Math.floor(KIB64 / 1008));
    expect(producer.reserve(1008)).toBe(-1);
    for (let i = 0; i < written; i += 1) expect(consumer.bytes[consumer.next()?.offset as number]).toBe(i & 0xff);
    consumer.release();
    expect(write(producer, Buffer.alloc(1000))).toBe(true);
  });

  test('frames stay contiguous across the end', () => {
    const { producer, consumer } = ends();
    for (let round = 0; round < 1000; round += 1) {
      const payload = Buffer.alloc(1 + ((round * 37) % 9000), round & 0xff);
      expect(write(producer, payload)).toBe(true);
      const frame = consumer.next();
      expect(consumer.bytes.subarray(frame?.offset, (frame?.offset as number) + payload.length).equals(payload)).toBe(true);
      consumer.release();
    }
  });

  test('reserve never promises more than is free, and what it promises is at least what was asked', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ size: fc.integer({ min: 1, max: 20_000 }), read: fc.boolean() }), { maxLength: 200 }), (steps) => {
        const { producer, consumer } = ends();
        const sent: number[] = [];
        for (const { size, read } of steps) {
          const offset = producer.reserve(size + 8);
          if (offset >= 0) {
            expect(producer.reserved).toBeGreaterThanOrEqual(size + 8);
            expect(producer.reserved + producer.used).toBeLessThanOrEqual(KIB64);
            producer.commit(offset, 1, size + 8);
            sent.push(size);
          }
          if (read) {
            const frame = consumer.next();
            if (frame !== undefined) expect(frame.length + 8 - ((sent.shift() as number) + 8)).toBeLessThan(16);
            consumer.release();
          }
        }
      }),
    );
  });

  test('a waiting consumer is woken by a commit', async () => {
    const { producer, consumer } = ends();
    const waiting = consumer.waitForFrame(30_000);
    write(producer, Buffer.from('x'));
    await waiting;
    expect(consumer.empty).toBe(false);
  });

  test('a consumer that is woken without a frame finds none, and loses none after', async () => {
    const { producer, consumer } = ends();
    const waiting = consumer.waitForFrame(30_000);
    producer.wake();
    await waiting;
    expect(consumer.next()).toBeUndefined();
    expect(consumer.empty).toBe(true);
    write(producer, Buffer.from('after'));
    expect(consumer.next()?.type).toBe(1);
  });

  test('a wake that comes before the wait is not missed', async () => {
    const { producer, consumer } = ends();
    producer.wake();
    await consumer.waitForFrame(30_000);
    expect(consumer.next()).toBeUndefined();
  });

  test('waking the consumer of a ring that is full to the last byte overwrites nothing', () => {
    const { producer, consumer } = ends();
    for (let i = 0; i < 16; i += 1) write(producer, Buffer.alloc(4096 - 8, i));
    expect(producer.used).toBe(KIB64);
    producer.wake();
    expect([consumer.words[0], consumer.used]).toEqual([4096, KIB64]);
    for (let i = 0; i < 16; i += 1) expect(consumer.bytes[consumer.next()?.offset as number]).toBe(i);
    expect(consumer.next()).toBeUndefined();
  });

  test('a producer does not wait for a release that has come already', () => {
    const { producer, consumer } = ends();
    while (write(producer, Buffer.alloc(5000)));
    const { tail } = producer;
    consumer.next();
    consumer.release();
    const before = performance.now();
    producer.waitForRoom(tail, 30_000);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  test('a capacity that is no power of two is refused', () => {
    expect(() => createRingMemory(100_000)).toThrow(/power of two/);
  });
});

const PRODUCER = `
const { workerData, parentPort } = require('node:worker_threads');
import(workerData.module).then(({ RingProducer }) => {
  const ring = new RingProducer(workerData.memory);
  for (let i = 1; i <= workerData.count; i += 1) {
    const size = 8 + 4 + (i * 7919) % 500;
    let offset;
    let tail = ring.tail;
    while ((offset = ring.reserve(size)) < 0) { ring.waitForRoom(tail, 1000); tail = ring.tail; }
    ring.words[offset / 4 + 2] = i;
    ring.commit(offset, 1, size);
    if (workerData.slowProducer && i % 512 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  parentPort.postMessage('done');
});`;

describe('two threads at different speeds', () => {
  test.each([
    ['a fast producer', { slowProducer: false, pause: 512 }],
    ['a slow producer', { slowProducer: true, pause: 0 }],
  ])('%s loses and repeats nothing', async (_name, speed) => {
    const memory = createRingMemory(KIB64);
    const consumer = new RingConsumer(memory);
    const count = 60_000;
    const module = new URL('../../../../src/ingest/ring/ring.ts', import.meta.url).href;
    const worker = new Worker(PRODUCER, { eval: true, workerData: { memory, count, module, slowProducer: speed.slowProducer } });
    const failed = new Promise<never>((_resolve, reject) => worker.once('error', reject));
    let expected = 0;
    while (expected < count) {
      const frame = consumer.next();
      if (frame === undefined) {
        consumer.release();
        await Promise.race([consumer.waitForFrame(1000), failed]);
        continue;
      }
      expected += 1;
      expect(consumer.words[frame.offset / 4]).toBe(expected);
      if (speed.pause > 0 && expected % speed.pause === 0) await new Promise((resolve) => setImmediate(resolve));
      if (expected % 16 === 0) consumer.release();
    }
    consumer.release();
    await worker.terminate();
  });
});
