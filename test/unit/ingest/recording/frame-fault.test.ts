import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Heard } from '../../../../src/core/kernel-event.ts';
import { FrameReader } from '../../../../src/ingest/proc-connector/frame-reader.ts';
import { FrameMemory } from '../../../../src/ingest/recording/frame-block.ts';
import { frameFault } from '../../../../src/ingest/recording/frame-fault.ts';
import { recorded, synthetic } from './fixtures.ts';

const frames = [...synthetic(150, { slots: 16 }).frames, ...recorded(150, { slots: 16 }).frames];

function faultOf(frame: Buffer): string | undefined {
  const memory = new FrameMemory();
  memory.load(frame);
  return frameFault(memory, 0, frame.length);
}

/** A frame that has a record of that type, and where. */
function withRecord(type: number): { frame: Buffer; at: number } {
  for (const frame of frames) {
    let at = frame.readUInt32LE(24);
    for (let i = frame.readUInt32LE(4); i > 0; i -= 1, at += frame.readUInt32LE(at)) {
      if (frame.readUInt32LE(at + 4) === type) return { frame: Buffer.from(frame), at };
    }
  }
  throw new Error(`no frame has a record of type ${type}`);
}

describe('a frame from a file', () => {
  it('is none the worse for having been in one', () => {
    expect(frames.map((frame) => faultOf(frame)).filter((fault) => fault !== undefined)).toEqual([]);
  });

  it('that promises more than it has is refused', () => {
    const frame = Buffer.from(frames.at(-2) as Buffer);
    frame.writeUInt32LE(0x7fffffff, 0);
    expect(faultOf(frame)).toMatch(/no room for 2147483647 slots/);
    expect(faultOf(Buffer.alloc(16))).toBe('a frame of 16 bytes is none');
    const counted = Buffer.from(frames.at(-2) as Buffer);
    counted.writeUInt32LE(0xffffffff, 4);
    expect(faultOf(counted)).toMatch(/^record \d+ of 4294967295 does not fit its frame$/);
  });

  it('whose capture has a piece that reaches beyond it is refused', () => {
    const frame = Buffer.from(synthetic(0).frames[1] as Buffer);
    expect(faultOf(frame)).toBeUndefined();
    frame.writeInt32LE(1 << 20, frame.readUInt32LE(24) + 16 + 16);
    expect(faultOf(frame)).toBe('a record is not of its form');
  });

  it.each([
    ['the start of a child', 6, Number.NaN],
    ['what a process used', 7, Number.POSITIVE_INFINITY],
    ['what a process used', 7, -1],
    ['what a process used', 7, 0.5],
  ])('in which %s (type %d) is %d is refused', (_what, type, value) => {
    const { frame, at } = withRecord(type);
    frame.writeDoubleLE(value, at + 16);
    expect(faultOf(frame)).toBe('a record is not of its form');
  });

  it('in which a cgroup at birth belongs to no slot is refused', () => {
    const { frame, at } = withRecord(9);
    frame.writeUInt32LE(frame.readUInt32LE(0), at + 8);
    expect(faultOf(frame)).toBe('a record of type 9 belongs to no slot');
  });

  it.each([6, 7])('in which a record of type %d belongs to no slot, or has another size, is refused', (type) => {
    const { frame, at } = withRecord(type);
    const other = Buffer.from(frame);
    frame.writeUInt32LE(frame.readUInt32LE(0), at + 8);
    expect(faultOf(frame)).toBe(`a record of type ${type} belongs to no slot`);
    other.writeUInt32LE(16, at);
    expect(faultOf(other)).toBe(`a record of type ${type} has 16 bytes`);
  });

  it.each([
    ['a cgroup at birth', 9],
    ['a move', 10],
  ])('in which %s (type %d) reaches beyond its record, or has no time, is refused', (_what, type) => {
    for (const size of [-1, 1 << 20, 0]) {
      const { frame, at } = withRecord(type);
      frame.writeInt32LE(size, at + 24);
      expect(faultOf(frame), String(size)).toBe('a record is not of its form');
    }
    const { frame, at } = withRecord(type);
    frame.writeDoubleLE(Number.NaN, at + 16);
    expect(faultOf(frame)).toBe('a record is not of its form');
  });

  it('that passes can be read, whatever was changed in it: nothing hangs, throws, or lies outside', () => {
    const change = fc.record({ at: fc.nat(4000), value: fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff)) });
    let passed = 0;
    fc.assert(
      fc.property(fc.nat(frames.length - 1), fc.array(change, { minLength: 1, maxLength: 6 }), (index, changes) => {
        const memory = new FrameMemory();
        memory.load(Buffer.from(frames[index] as Buffer));
        for (const { at, value } of changes) memory.bytes[at % memory.bytes.length] = value;
        if (frameFault(memory, 0, memory.bytes.length) !== undefined) return;
        passed += 1;
        const out: Heard[] = [];
        new FrameReader(memory).read(0, out);
        for (const item of out) expect(Number.isNaN(item.monotonicNs)).toBe(false);
      }),
      { numRuns: 3000 },
    );
    expect(passed).toBeGreaterThan(100);
  });
});
