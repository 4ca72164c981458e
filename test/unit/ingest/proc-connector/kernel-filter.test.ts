import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KernelKind } from '../../../../src/core/kernel-event.ts';
import { attachFilter, filterMechanism, filterProgram, maskOf } from '../../../../src/ingest/proc-connector/kernel-filter.ts';
import { Op, What, controlMessage, isProcessEvent } from '../../../../src/ingest/proc-connector/wire.ts';
import { FakeLibc } from '../../../helpers/fake-libc.ts';
import { VECTORS, aligned, datagram } from './vectors.ts';

const KINDS = Object.keys(What).filter((name): name is KernelKind => name !== 'NONE');

/** Runs a classic BPF program over a message as the kernel does, for the instructions of linux/bpf_common.h that a filter of ours has. */
function verdict(program: Buffer, message: Buffer): number {
  let a = 0;
  for (let pc = 0; ; pc += 1) {
    if ((pc + 1) * 8 > program.length) throw new Error(`the program runs off its end at ${pc}`);
    const [code, jt, jf, k] = [program.readUInt16LE(pc * 8), program[pc * 8 + 2]!, program[pc * 8 + 3]!, program.readUInt32LE(pc * 8 + 4)];
    if (code === 0x06) return k;
    if (code === 0x80) a = message.length;
    // A load outside of the message ends the program with 0: nothing is kept.
    else if (code === 0x20 || code === 0x28) {
      const bytes = code === 0x20 ? 4 : 2;
      if (k + bytes > message.length) return 0;
      a = message.readUIntBE(k, bytes);
    } else if (code === 0x15) pc += a === k ? jt : jf;
    else if (code === 0x45) pc += (a & k) !== 0 ? jt : jf;
    else throw new Error(`instruction ${code.toString(16)} at ${pc} is not one of ours`);
  }
}

const passes = (kinds: readonly KernelKind[], message: Buffer): boolean => verdict(filterProgram(maskOf(kinds)), message) >= message.length;

describe('the mask', () => {
  test('is made of the kinds; an exit is its highest bit', () => {
    expect(maskOf(['EXEC'])).toBe(2);
    expect(maskOf(['EXIT'])).toBe(0x80000000);
    expect(maskOf(['FORK', 'EXEC', 'EXIT'])).toBe(0x80000003);
    expect(maskOf(KINDS)).toBe(0xc00003c7);
    expect(maskOf([])).toBe(0);
  });

  test('makes the body of LISTEN eight bytes; without it there are four, which every kernel understands', () => {
    const masked = controlMessage(Op.LISTEN, 7, maskOf(['EXIT']));
    expect(masked).toHaveLength(44);
    expect(masked.readUInt32LE(0)).toBe(44);
    expect(masked.readUInt16LE(32)).toBe(8);
    expect([masked.readUInt32LE(28), masked.readUInt32LE(36), masked.readUInt32LE(40)]).toEqual([7, Op.LISTEN, 0x80000000]);
    const plain = controlMessage(Op.LISTEN, 7);
    expect([plain.length, plain.readUInt32LE(0), plain.readUInt16LE(32)]).toEqual([40, 40, 4]);
  });
});

describe('the mechanism', () => {
  test.each([
    ['3.10.0-1160.el7.x86_64', 'bpf'],
    ['5.15.0-91-generic', 'bpf'],
    ['6.5.0-14-generic', 'bpf'],
    ['6.6.0', 'mask'],
    ['6.6', 'mask'],
    ['6.6-rc1', 'mask'],
    ['6.6.12', 'mask'],
    ['6.6.13', 'none'],
    ['6.6.17-1-lts', 'none'],
    ['6.6.18', 'mask'],
    ['6.6.130', 'mask'],
    ['6.7.0', 'none'],
    ['6.7.12+bpo-amd64', 'none'],
    ['6.8.0-31-generic', 'mask'],
    ['6.18.44', 'mask'],
    ['7.0.0', 'mask'],
    ['10.1.2', 'mask'],
    ['', 'bpf'],
    ['custom', 'bpf'],
  ] as const)('of %j is %s', (release, mechanism) => {
    expect(filterMechanism(release)).toBe(mechanism);
  });
});

describe('the program', () => {
  test('lets the wanted kinds of a live kernel through and keeps the others back', () => {
    const [fork, exec, exit] = [VECTORS.FORK, VECTORS.EXEC, VECTORS.EXIT].map((hex) => Buffer.from(hex, 'hex')) as [Buffer, Buffer, Buffer];
    expect([fork, exec, exit].map((message) => passes(['EXEC'], message))).toEqual([false, true, false]);
    expect([fork, exec, exit].map((message) => passes(['FORK', 'EXIT'], message))).toEqual([true, false, true]);
  });

  test('lets acknowledgements through, whatever is wanted', () => {
    expect(passes([], Buffer.from(VECTORS.ACK, 'hex'))).toBe(true);
    expect(passes(['EXIT'], Buffer.from(VECTORS.ACK, 'hex'))).toBe(true);
  });

  test('decides by the kind alone, for every set of kinds', () => {
    const parts = fc.record({ cpu: fc.nat({ max: 65_535 }), seq: fc.nat(), words: fc.array(fc.nat(), { maxLength: 6 }) });
    fc.assert(
      fc.property(fc.subarray(KINDS), fc.constantFrom(...KINDS), parts, (kinds, kind, rest) => {
        expect(passes(kinds, datagram({ what: What[kind], ...rest }))).toBe(kinds.includes(kind));
      }),
    );
  });

  test('lets everything through that is no event in the form we know, so that user space counts it', () => {
    const spoilt = fc.record({ at: fc.nat({ max: 75 }), bit: fc.nat({ max: 7 }) }).map(({ at, bit }) => {
      const message = Buffer.from(VECTORS.FORK, 'hex');
      message[at]! ^= 1 << bit;
      return message;
    });
    const arbitrary = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(spoilt, arbitrary), (message) => {
        const { words } = aligned(message);
        if (!isProcessEvent(words, 0, message.length)) expect(passes(['EXEC'], message)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('keeps back an unknown kind that nobody asked for, and takes no other part of the datagram for the kind', () => {
    expect(passes(['EXEC'], datagram({ what: 0x800, words: [2, 2, 2, 2, 2, 2], cpu: 2, seq: 2, ack: 2 }))).toBe(false);
  });
});

describe('attaching', () => {
  test('hands the program to the kernel by its address', () => {
    const libc = new FakeLibc();
    const program = filterProgram(2);
    attachFilter(libc, 42, program);
    expect(libc.filter).toEqual(program);
    expect(libc.options.map(({ option }) => option)).toEqual([26]);
  });

  test('says that it failed', () => {
    const libc = new FakeLibc();
    libc.failing.filter = 12;
    expect(() => attachFilter(libc, 42, filterProgram(2))).toThrow('could not be attached to the connector socket: errno 12');
  });
});
