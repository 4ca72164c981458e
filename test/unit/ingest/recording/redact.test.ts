import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Capture, ExecEvent, Heard } from '../../../../src/core/kernel-event.ts';
import { FOREIGN, SLOTS_AT, SLOT_BYTES } from '../../../../src/ingest/proc-connector/frame.ts';
import { FrameReader } from '../../../../src/ingest/proc-connector/frame-reader.ts';
import { FrameMemory } from '../../../../src/ingest/recording/frame-block.ts';
import { maskArguments } from '../../../../src/ingest/recording/mask.ts';
import { Redactor } from '../../../../src/ingest/recording/redact.ts';
import { framesOf } from '../../../helpers/frame-encoder.ts';
import { recorded, synthetic } from './fixtures.ts';

function masked(cmdline: string): string {
  const to = Buffer.alloc(cmdline.length + 8);
  return to.toString('latin1', 4, 4 + maskArguments(Buffer.from(cmdline, 'latin1'), to, 4));
}

describe('a masked command line', () => {
  it.each([
    ['psql\0--password=s3cret\0', 'psql\0***\0'],
    ['ls\0', 'ls\0'],
    ['', ''],
    ['ls\0-l\0\0x\0', 'ls\0**\0\0*\0'],
    ['cut\0in the mid', 'cut\0***'],
    ['nginx: worker process', 'nginx: ***'],
    ['postgres: app db SELECT 1\0\0\0', 'postgres: ***\0\0\0'],
    ['/opt/My App/run\0secret', '/opt/My ***\0***'],
    ['\0secret\0', '\0***\0'],
  ])('of %j is %j', (cmdline, expected) => {
    expect(masked(cmdline)).toBe(expected);
  });

  it('keeps the number of arguments, shows nothing of any but the first, and never grows', () => {
    const argument = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '-', '=', 'é'), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 8 }), (argv) => {
        const bytes = Buffer.from(`${argv.join('\0')}\0`, 'latin1');
        const shown = masked(bytes.toString('latin1'));
        expect(shown.length).toBeLessThanOrEqual(bytes.length);
        const parts = shown.split('\0');
        expect(parts).toHaveLength(argv.length + 1);
        for (const part of parts.slice(1)) expect(part).toMatch(/^\*{0,3}$/);
        expect(parts[0]).toMatch(/^[^ ]*( \*{0,3})?$/);
      }),
    );
  });
});

function read(frame: Buffer): Heard[] {
  const memory = new FrameMemory();
  memory.load(frame);
  const out: Heard[] = [];
  new FrameReader(memory).read(0, out);
  return out;
}

function withoutArguments(capture: Capture): Capture {
  const { cmdline } = capture;
  if (typeof cmdline === 'number') return capture;
  const to = Buffer.alloc(cmdline.length);
  return { ...capture, cmdline: to.subarray(0, maskArguments(Buffer.from(cmdline), to, 0)) };
}

describe('a redacted frame', () => {
  const frames = [...synthetic(600).frames, ...recorded(200).frames];

  it('says the same but for the arguments', () => {
    const redactor = new Redactor();
    for (const frame of frames) {
      const expected = read(frame).map((item) =>
        'capture' in item && item.capture !== null ? { ...item, capture: withoutArguments(item.capture) } : item,
      );
      expect(read(redactor.copy(frame))).toEqual(expected);
    }
  });

  it('is never longer than its original, and whole words', () => {
    const redactor = new Redactor();
    for (const frame of frames) {
      const { length } = redactor.copy(frame);
      expect(length).toBeLessThanOrEqual(frame.length);
      expect(length % 8).toBe(0);
    }
  });

  it('carries nothing of what lay in the ring before it, in whatever gap it was', () => {
    const redactor = new Redactor();
    for (const frame of frames) expect(redactor.copy(inDirtyRing(frame)).equals(redactor.copy(frame))).toBe(true);
  });

  it('carries nothing of what another program sent', () => {
    const fork = frames.find((frame) => frame.readUInt32LE(0) > 2) as Buffer;
    const frame = Buffer.from(fork);
    frame.fill('secret', SLOTS_AT + SLOT_BYTES, SLOTS_AT + SLOT_BYTES + 76);
    frame.writeUInt32LE(FOREIGN << 16, SLOTS_AT + SLOT_BYTES + 76);
    const copy = new Redactor().copy(frame);
    expect(copy.includes('secret')).toBe(false);
    expect(read(copy).length).toBe(read(frame).length);
  });

  it('keeps the names of variables, not their values', () => {
    const exec = synthetic(200).heard.find((item): item is ExecEvent => item.kind === 'EXEC' && item.capture !== null) as ExecEvent;
    const environ = Buffer.from('TOKEN=s3cret\0EMPTY=\0A=b\0');
    const streams = Buffer.from('socket:[1]\0/dev/null');
    const [frame] = framesOf([{ ...exec, capture: { ...(exec.capture as Capture), environ, streams } }], { wallUs: 0, slots: 1 });
    const [copy] = read(new Redactor().copy(frame as Buffer)) as [ExecEvent];
    expect(Buffer.from(copy.capture?.environ as Uint8Array).toString()).toBe('TOKEN=***\0EMPTY=\0A=*\0');
    expect(Buffer.from(copy.capture?.streams as Uint8Array)).toEqual(streams);
  });

  it('is refused where it holds what no redaction is known for', () => {
    const exec = synthetic(50, { slots: 1 }).frames.find((frame) => frame.readUInt32LE(0) === 1 && frame.readUInt32LE(4) === 1) as Buffer;
    const frame = Buffer.from(exec);
    frame.writeUInt32LE(99, frame.readUInt32LE(24) + 4);
    expect(() => new Redactor().copy(frame)).toThrow('no redaction is known for records of type 99');
  });
});

/** The frame with noise in every byte that the layout leaves open: after the pieces of captures, in the head, behind the frame. */
function inDirtyRing(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt32LE(randomBytes(4).readUInt32LE(0), 28);
  let at = copy.readUInt32LE(24);
  for (let i = copy.readUInt32LE(4); i > 0; i -= 1) {
    const type = copy.readUInt32LE(at + 4);
    const bytes = copy.readUInt32LE(at);
    if (type === 2 || type === 3) dirtyCapture(copy, at + 16, at + bytes);
    at += bytes;
  }
  return Buffer.concat([copy, randomBytes(16)]);
}

function dirtyCapture(frame: Buffer, at: number, end: number): void {
  let position = at + 16 + 4 * 12;
  for (let i = 0; i < 12; i += 1) {
    const size = frame.readInt32LE(at + 16 + 4 * i);
    if (size < 0) continue;
    const padded = Math.ceil(size / 4) * 4;
    randomBytes(padded - size).copy(frame, position + size);
    position += padded;
  }
  randomBytes(end - position).copy(frame, position);
}

describe('what is recorded of an exec', () => {
  it('keeps the original size of its arguments', () => {
    const { heard } = synthetic(200);
    const exec = heard.find(
      (item): item is ExecEvent => item.kind === 'EXEC' && item.capture !== null && typeof item.capture.cmdline !== 'number',
    ) as ExecEvent;
    const [frame] = framesOf([exec], { wallUs: 0, slots: 1 });
    const [copy] = read(new Redactor().copy(frame as Buffer)) as [ExecEvent];
    expect(copy.capture?.cmdlineBytes).toBe(exec.capture?.cmdlineBytes);
  });
});
