import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { What, ackOf, controlMessage, decodeEvent, firstOf, isProcessEvent, whatOf } from '../../../../src/ingest/proc-connector/wire.ts';
import { VECTORS, aligned, datagram } from './vectors.ts';

const RECEPTION = { kernelSeq: 7, wallOffsetUs: 1_000_000, receivedNs: 0xd586308d78 + 5_000_999, capture: null };

function decode(bytes: Buffer): ReturnType<typeof decodeEvent> {
  const from = aligned(bytes);
  expect(isProcessEvent(from.words, 0, bytes.length)).toBe(true);
  return decodeEvent(from, 0, RECEPTION);
}

describe('the live kernel’s datagrams', () => {
  test('a fork names parent and child', () => {
    expect(decode(Buffer.from(VECTORS.FORK, 'hex'))).toEqual({
      kind: 'FORK',
      delayUs: 5000,
      cpu: 1,
      kernelSeq: 7,
      monotonicNs: 0xd586308d78,
      timeUs: Math.floor(0xd586308d78 / 1000 + 1_000_000),
      pid: 0x5dd4,
      tgid: 0x5dd4,
      parentPid: 0x5dab,
      parentTgid: 0x5dab,
    });
  });

  test('an exec names the process', () => {
    expect(decode(Buffer.from(VECTORS.EXEC, 'hex'))).toMatchObject({ kind: 'EXEC', pid: 0x5dd4, tgid: 0x5dd4, capture: null });
  });

  test('an exit carries the raw wait status, its signal and the parent', () => {
    expect(decode(Buffer.from(VECTORS.EXIT, 'hex'))).toMatchObject({
      kind: 'EXIT',
      pid: 0x5dd4,
      exitCode: 0,
      exitSignal: 17,
      parentPid: 0x5dab,
      parentTgid: 0x5dab,
    });
  });

  test('an acknowledgement is no event, and its ack and errno are readable', () => {
    const from = aligned(Buffer.from(VECTORS.ACK, 'hex'));
    expect(decodeEvent(from, 0, RECEPTION)).toBeUndefined();
    expect(whatOf(from.words, 0)).toBe(What.NONE);
    expect(ackOf(from.words, 0)).toBe(10);
    expect(firstOf(from.words, 0)).toBe(0);
  });

  test('the 60-byte thread exit of another decoder’s test decodes to the same values', () => {
    const bytes = datagram({ what: What.EXIT, cpu: 11, ns: 0x272aaff601311n, words: [0x6999, 0x2ddd, 0, 0xffffffff] });
    expect(decode(bytes)).toMatchObject({
      kind: 'EXIT',
      pid: 0x6999,
      tgid: 0x2ddd,
      exitCode: 0,
      exitSignal: 0xffffffff,
      cpu: 11,
      monotonicNs: 0x272aaff601311,
    });
  });
});

describe('the other kinds', () => {
  test.each([
    ['UID', What.UID, { real: 1000, effective: 0 }],
    ['GID', What.GID, { real: 1000, effective: 0 }],
  ] as const)('%s carries real and effective ids', (kind, what, ids) => {
    expect(decode(datagram({ what, words: [12, 11, ids.real, ids.effective] }))).toMatchObject({ kind, pid: 12, tgid: 11, ...ids });
  });

  test('SID carries the process', () => {
    expect(decode(datagram({ what: What.SID, words: [12, 12] }))).toMatchObject({ kind: 'SID', pid: 12, tgid: 12 });
  });

  test('PTRACE carries the tracer, 0 for detach', () => {
    expect(decode(datagram({ what: What.PTRACE, words: [12, 12, 99, 98] }))).toMatchObject({
      kind: 'PTRACE',
      tracerPid: 99,
      tracerTgid: 98,
    });
    expect(decode(datagram({ what: What.PTRACE, words: [12, 12, 0, 0] }))).toMatchObject({ tracerPid: 0 });
  });

  test('COREDUMP carries the parent', () => {
    expect(decode(datagram({ what: What.COREDUMP, words: [12, 12, 3, 4] }))).toMatchObject({
      kind: 'COREDUMP',
      parentPid: 3,
      parentTgid: 4,
    });
  });

  test.each([['a'], ['sh'], ['seven77'], ['eight888'], ['fifteen-chars-x'], ['']])(
    'COMM keeps all of "%s" (garlic #9: short names panicked, long ones lost eight characters)',
    (comm) => {
      const bytes = datagram({ what: What.COMM, words: [12, 12] });
      bytes.write(comm, 60, 'latin1');
      expect(decode(bytes)).toMatchObject({ kind: 'COMM', comm });
    },
  );

  test('COMM without a terminating NUL ends at 16 bytes', () => {
    const bytes = datagram({ what: What.COMM, words: [12, 12] });
    bytes.fill('x', 60, 76);
    expect(decode(bytes)).toMatchObject({ comm: 'x'.repeat(16) });
  });

  test('an unknown what is no event', () => {
    expect(decode(datagram({ what: 0x400, words: [1, 1] }))).toBeUndefined();
    expect(decode(datagram({ what: 0x20000000, words: [1, 1] }))).toBeUndefined();
  });
});

describe('malformed datagrams', () => {
  test.each([
    ['too short', (b: Buffer) => b.subarray(0, 60)],
    ['truncated by the kernel (length 0)', (b: Buffer) => b.subarray(0, 0)],
    ['of another connector', (b: Buffer) => (b.writeUInt32LE(9, 16), b)],
    ['of another netlink type', (b: Buffer) => (b.writeUInt16LE(2, 4), b)],
    ['with a wrong inner length', (b: Buffer) => (b.writeUInt16LE(41, 32), b)],
    ['of a CPU beyond any machine', (b: Buffer) => (b.writeUInt32LE(65_536, 40), b)],
  ])('%s are refused', (_name, break_) => {
    const bytes = datagram({ what: What.FORK });
    const length = break_(bytes).length;
    expect(isProcessEvent(aligned(bytes).words, 0, length)).toBe(false);
  });

  test('no bytes whatever make the decoder throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 76, maxLength: 76 }), (raw) => {
        const from = aligned(Buffer.from(raw));
        isProcessEvent(from.words, 0, raw.length);
        const event = decodeEvent(from, 0, RECEPTION);
        if (event !== undefined) expect(Number.isSafeInteger(event.pid)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

test('a control message is the 40 bytes the kernel understands', () => {
  expect(controlMessage(1, 0x01020304).toString('hex')).toBe(
    '28000000' + '03000000' + '00000000' + '00000000' + '01000000' + '01000000' + '00000000' + '04030201' + '04000000' + '01000000',
  );
});
