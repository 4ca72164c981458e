import avsc from 'avsc';
import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../../../src/core/any-event.ts';
import { createAvroEncoder } from '../../../../src/encode/avro/binary.ts';
import { MAX_BLOCK_BYTES, OCF_CODECS } from '../../../../src/encode/avro/ocf-codec.ts';
import { createOcf } from '../../../../src/encode/avro/ocf.ts';
import { agentEvents, processEvents } from '../arbitraries.ts';
import { container, plain, readAll, sequences, sync } from '../files.ts';
import { fullAgentEvent, fullProcessEvent } from '../full-samples.ts';
import { asAgent, asProcess, execEvent, exitEvent, forkEvent } from '../samples.ts';

const numbered = (from: number, count: number): AnyEvent[] =>
  Array.from({ length: count }, (_, i) => asProcess({ ...exitEvent, sequence: from + i }));

/** avsc's own reader, which knows `null` and `deflate`. */
async function readByAvsc(bytes: Buffer): Promise<unknown[]> {
  const records: unknown[] = [];
  for await (const record of Readable.from([bytes]).pipe(new avsc.streams.BlockDecoder())) records.push(record);
  return records;
}

describe.each(OCF_CODECS)('a container file with codec %s', (codec) => {
  it('gives back what was written, however the bytes arrive', async () => {
    const events = [asProcess(fullProcessEvent), asProcess(forkEvent), asProcess(execEvent), asProcess(exitEvent)];
    const { bytes } = await container('process', codec, [events, events.toReversed()]);
    for (const size of [1, 7, 100, 4096, undefined]) {
      const reading = await readAll(bytes, size);
      expect(reading.notes).toEqual([]);
      expect(plain(reading.events)).toEqual(plain([...events, ...events.toReversed()]));
    }
  });

  it('gives back agent events', async () => {
    const { bytes } = await container('agent', codec, [[asAgent(fullAgentEvent)]]);
    expect(plain(await readAll(bytes))).toEqual(plain({ events: [asAgent(fullAgentEvent)], notes: [] }));
  });

  it('passes over a block whose body is damaged', async () => {
    const { bytes, ends } = await container('process', codec, [numbered(1, 20), numbered(21, 20), numbered(41, 20)]);
    const [, first = 0, second = 0] = ends;
    bytes.fill(0xff, first + 30, first + 60);
    const reading = await readAll(bytes);
    expect(reading.notes).toMatchObject([{ what: 'corrupt', at: first, bytes: second - first }]);
    expect(sequences(reading)).toEqual(expect.arrayContaining([1, 20, 41, 60]));
    expect(sequences(reading)).not.toContain(40);
  });
});

describe('container files', () => {
  it('are read by another implementation', async () => {
    for (const codec of ['null', 'deflate'] as const) {
      const { bytes } = await container('process', codec, [[asProcess(fullProcessEvent)], [asProcess(forkEvent)]]);
      expect(plain(await readByAvsc(bytes))).toEqual(plain([fullProcessEvent, forkEvent]));
    }
  });

  it('carry schema, codec and metadata in the header', () => {
    const header = Buffer.from(createOcf('process', 'zstd').header({ agent_id: 'x-1', first_sequence: '17' }, sync));
    expect(header.subarray(0, 4).toString('latin1')).toBe('Obj\u0001');
    for (const text of ['avro.schema', '"forkcast.v1"', 'zstandard', 'agent_id', 'x-1', 'first_sequence', '17'])
      expect(header.toString()).toContain(text);
    expect(header.subarray(-16)).toEqual(sync);
  });

  it('have blocks of count, size, body and marker', async () => {
    const block = Buffer.from(await createOcf('process', 'null').block(300, Buffer.from('abc'), sync));
    expect(block.toString('hex')).toBe(`d80406616263${sync.toString('hex')}`);
  });

  it('refuse to write a block that no reader takes', async () => {
    await expect(createOcf('process', 'zstd').block(1, Buffer.alloc(MAX_BLOCK_BYTES + 1), sync)).rejects.toMatchObject({ code: 'BUG' });
  });

  it('hold any events', async () => {
    const streams = fc.oneof(
      fc.array(processEvents.map(asProcess), { minLength: 1, maxLength: 4 }).map((events) => ({ stream: 'process' as const, events })),
      fc.array(agentEvents.map(asAgent), { minLength: 1, maxLength: 4 }).map((events) => ({ stream: 'agent' as const, events })),
    );
    await fc.assert(
      fc.asyncProperty(streams, fc.constantFrom(...OCF_CODECS), async ({ stream, events }, codec) => {
        const { bytes } = await container(stream, codec, [events, events]);
        expect(plain(await readAll(bytes, 1000))).toEqual(plain({ events: [...events, ...events], notes: [] }));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a file that ends too early', () => {
  it('is read up to the last whole block, wherever it ends', async () => {
    const { bytes, ends } = await container('process', 'zstd', [numbered(1, 3), numbered(4, 3), numbered(7, 3)]);
    for (let size = 1; size <= bytes.length; size++) {
      const whole = ends.filter((end) => end <= size);
      const reading = await readAll(bytes.subarray(0, size), 8192);
      const kept = whole.at(-1) ?? 0;
      expect(reading.events.length).toBe(3 * Math.max(0, whole.length - 1));
      expect(reading.notes).toEqual(kept === size ? [] : [{ what: 'torn', at: kept, bytes: size - kept }]);
      // Offsets within the header differ in nothing but themselves.
      if (size > 100 && size < (ends[0] ?? 0) - 100) size += 97;
    }
  });

  it('is torn, not corrupt, when zeros fill the rest', async () => {
    const { bytes } = await container('process', 'zstd', [numbered(1, 3)]);
    const reading = await readAll(Buffer.concat([bytes, Buffer.alloc(100_000)]));
    expect(sequences(reading)).toEqual([1, 2, 3]);
    expect(reading.notes).toEqual([{ what: 'torn', at: bytes.length, bytes: 100_000 }]);
  });

  it('is torn at 0 when it is empty', async () => {
    expect((await readAll(Buffer.alloc(0))).notes).toEqual([{ what: 'torn', at: 0, bytes: 0 }]);
  });
});

describe('a file that is damaged within', () => {
  const three = (): ReturnType<typeof container> => container('process', 'null', [numbered(1, 5), numbered(6, 5), numbered(11, 5)]);
  const damages: [string, (bytes: Buffer, at: { start: number; end: number }) => void][] = [
    ['its sync marker', (bytes, { end }) => bytes.fill(0xaa, end - 8, end - 4)],
    ['its count', (bytes, { start }) => bytes.fill(0xff, start, start + 1)],
    ['its size, beyond the file', (bytes, { start }) => bytes.set([0xfe, 0xff, 0xff, 0x07], start + 1)],
    ['its size, within the file', (bytes, { start }) => bytes.set([0x10, 0x00], start + 1)],
  ];

  it.each(damages)('loses the block where %s is damaged and goes on at the next marker', async (name, damage) => {
    const { bytes, ends } = await three();
    const [, start = 0, end = 0] = ends;
    damage(bytes, { start, end });
    const reading = await readAll(bytes, 500);
    const resumed = name === 'its sync marker' ? bytes.length : end;
    expect(sequences(reading)).toEqual(name === 'its sync marker' ? [1, 2, 3, 4, 5] : [1, 2, 3, 4, 5, 11, 12, 13, 14, 15]);
    expect(reading.notes).toMatchObject([{ what: 'corrupt', at: start, bytes: resumed - start }]);
  });

  it('goes on at a marker far behind, across window borders', async () => {
    for (const junk of [65_519, 65_520, 65_521, 65_536, 200_000]) {
      const { bytes, ends } = await three();
      const first = ends[1] ?? 0;
      const reading = await readAll(Buffer.concat([bytes.subarray(0, first), Buffer.alloc(junk, 0xff), sync, bytes.subarray(first)]), 3000);
      expect(reading.notes).toMatchObject([{ what: 'corrupt', at: first, bytes: junk + 16 }]);
      expect(reading.events.length).toBe(15);
    }
  });

  it('never passes off flipped bits as events', async () => {
    const blocks = [numbered(1, 3), numbered(4, 3), numbered(7, 3)];
    const { bytes, ends } = await container('process', 'zstd', blocks);
    const [, start = 0, end = 0] = ends;
    // The count, one byte, is outside of what a checksum covers.
    for (let at = start + 1; at < end - 16; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      const reading = await readAll(flipped);
      const intact = plain(reading.events).length === 9;
      expect(plain(reading.events)).toEqual(plain(intact ? blocks.flat() : [...(blocks[0] ?? []), ...(blocks[2] ?? [])]));
      expect(reading.notes.length).toBe(intact ? 0 : 1);
    }
  });

  it('does not follow a count into the void', async () => {
    const body = createAvroEncoder().encode(asProcess({ ...execEvent, process: { ...execEvent.process, args: ['x'] } })).bytes;
    const damaged = Buffer.from(body);
    // The one-item block of args becomes one of 2^34 items.
    const at = damaged.indexOf(Buffer.from([2, 2, 2, 0x78, 0]));
    const block = await createOcf('process', 'null').block(
      1,
      Buffer.concat([damaged.subarray(0, at + 1), Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 1]), damaged.subarray(at + 2)]),
      sync,
    );
    const header = createOcf('process', 'null').header({}, sync);
    expect(at).toBeGreaterThan(0);
    expect((await readAll(Buffer.concat([header, block]))).notes).toMatchObject([
      { what: 'corrupt', reason: 'it ends within record 1 of 1' },
    ]);
  });

  it('is told when a block holds more than its count', async () => {
    const ocf = createOcf('process', 'null');
    const record = createAvroEncoder().encode(asProcess(exitEvent)).bytes;
    const bytes = Buffer.concat([ocf.header({}, sync), await ocf.block(1, Buffer.concat([record, record]), sync)]);
    const reading = await readAll(bytes);
    expect(reading.events.length).toBe(1);
    expect(reading.notes).toMatchObject([{ what: 'corrupt', reason: `${record.length} bytes follow the last of its 1 records` }]);
  });
});

describe('files one after the other', () => {
  it('are read as one, each by its own header', async () => {
    const first = await container('process', 'zstd', [numbered(1, 2)]);
    const second = await container('agent', 'deflate', [[asAgent(fullAgentEvent)]]);
    const reading = await readAll(Buffer.concat([first.bytes, second.bytes]), 1000);
    expect(reading.notes).toEqual([]);
    expect(reading.events.map(({ stream }) => stream)).toEqual(['process', 'process', 'agent']);
  });
});

describe('what a crash left', () => {
  const ocf = createOcf('process', 'zstd');
  const wholeOf = (bytes: Buffer): number | undefined =>
    ocf.wholeBytes((offset, length) => bytes.subarray(offset, offset + length), bytes.length);

  it('is whole up to its last complete block', async () => {
    const { bytes, ends } = await container('process', 'zstd', [numbered(1, 30), numbered(31, 30)]);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), async (size) => {
        expect(wholeOf(bytes.subarray(0, size))).toBe(ends.findLast((end) => end <= size));
        await Promise.resolve();
      }),
    );
    expect(wholeOf(bytes)).toBe(bytes.length);
  });

  it('keeps whole blocks behind a damaged one, and does not read bodies', async () => {
    const { bytes, ends } = await container('process', 'zstd', [
      numbered(1, 500),
      numbered(501, 500),
      numbered(1001, 500),
      numbered(1501, 500),
    ]);
    bytes.fill(0xff, ends[1], (ends[1] ?? 0) + 4);
    let read = 0;
    const whole = ocf.wholeBytes((offset, length) => {
      if (offset < (ends[1] ?? 0) && offset > (ends[0] ?? 0)) read += length;
      return bytes.subarray(offset, offset + length);
    }, bytes.length - 5);
    expect(whole).toBe(ends[3]);
    expect(read).toBeLessThan(100);
  });

  it('has no whole byte without a whole header', () => {
    expect(wholeOf(Buffer.alloc(0))).toBeUndefined();
    expect(wholeOf(Buffer.from(ocf.header({}, sync)).subarray(0, -1))).toBeUndefined();
    expect(wholeOf(Buffer.from('not one of ours'))).toBeUndefined();
  });
});
