import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BpfRing } from '../../../../../src/ingest/capture/bpf/bpf-ring.ts';
import { isWhole, writeArgs } from '../../../../../src/ingest/capture/bpf/command-line.ts';
import { ExecFlag } from '../../../../../src/ingest/capture/bpf/layout.ts';
import { RecordMatcher } from '../../../../../src/ingest/capture/bpf/matcher.ts';
import { constantsOf } from '../../../../../src/ingest/capture/bpf/programs.ts';
import type { ExecRecord } from '../../../../../src/ingest/capture/bpf/record.ts';
import { execRecord, longExecRecords } from '../../../../helpers/bpf-records.ts';
import { FakeBpfRing } from '../../../../helpers/fake-bpf.ts';

const AT = 64;

function taken(...records: readonly Buffer[]): ExecRecord {
  const kernel = new FakeBpfRing(1 << 17);
  const ring = new BpfRing(kernel);
  const matcher = new RecordMatcher(ring, 64);
  for (const record of records) kernel.put(record);
  ring.look();
  matcher.note();
  return matcher.takeExec(7, 100)!;
}

/** What the programs would record of it with this limit. */
function recordOf(argv: Uint8Array, maxArgsBytes: number): ExecRecord {
  const constants = constantsOf(maxArgsBytes);
  const [whole, head, tail] = [4, 8, 12].map((at) => constants.readUInt32LE(at)) as [number, number, number];
  const headBytes = Math.min(argv.length > whole ? head : argv.length, 24 << 10);
  if (headBytes === argv.length) return taken(execRecord({ tgid: 7, stampNs: 100, args: argv }));
  return taken(...longExecRecords({ tgid: 7, stampNs: 100, args: argv, headBytes, tailBytes: tail }));
}

function written(record: ExecRecord): { args: string[]; bytes: number; cut: number; raw: Buffer } {
  const memory = new ArrayBuffer(1 << 17);
  const target = { bytes: Buffer.from(memory).fill(0xaa), words: new Uint32Array(memory) };
  const { bytes, cut } = writeArgs(target, AT, record);
  const raw = target.bytes.subarray(AT, AT + Math.max(0, bytes));
  return { args: raw.toString('utf8').split('\0').slice(0, -1), bytes, cut, raw };
}

const argvOf = (args: readonly string[]): Buffer => Buffer.from(args.map((arg) => `${arg}\0`).join(''));

describe('a command line', () => {
  it.each([1, 100, 24 << 10, (24 << 10) + 1, 32 << 10])('of %d bytes is whole where the limit is 32 KiB', (bytes) => {
    const argv = Buffer.alloc(bytes, 'x\0y\0zz');
    const record = recordOf(argv, 32 << 10);
    expect(isWhole(record)).toBe(true);
    expect(written(record)).toMatchObject({ bytes, cut: 0, raw: argv });
  });

  it('that is longer lacks arguments in its middle, and says where', () => {
    const args = Array.from({ length: 5000 }, (_, i) => `--number=${i}`);
    const record = recordOf(argvOf(args), 32 << 10);
    const { args: kept, bytes, cut, raw } = written(record);
    expect(isWhole(record)).toBe(false);
    const before = raw.subarray(0, cut).toString().split('\0').length - 1;
    expect(kept.slice(0, before)).toEqual(args.slice(0, before));
    expect(kept.slice(before)).toEqual(args.slice(args.length - (kept.length - before)));
    expect(bytes).toBeGreaterThan((32 << 10) - 64);
  });

  it('cut within an argument that is most of it keeps the begin of that one', () => {
    const { args, cut } = written(recordOf(argvOf(['prog', 'A'.repeat(100_000), 'B'.repeat(100_000)]), 32 << 10));
    expect(args).toEqual(['prog', 'A'.repeat((24 << 10) - 6)]);
    expect(cut).toBe(24 << 10);
  });

  it('cut within a small argument goes on with a whole one', () => {
    const { args } = written(recordOf(argvOf(['prog', 'a'.repeat(20_000), 'b'.repeat(9_000), 'c'.repeat(9_000), 'last']), 32 << 10));
    expect(args).toEqual(['prog', 'a'.repeat(20_000), 'last']);
  });

  it.each(['x', 'xx', 'xxx'])('is never cut within a character (after %s)', (name) => {
    const { args } = written(recordOf(argvOf([name, '€'.repeat(20_000)]), 32 << 10));
    expect(args.join('')).not.toContain('\ufffd');
    expect(args[1]).toMatch(/^€+$/);
  });

  it('whose end was lost consists of its begin', () => {
    const args = argvOf(['prog', 'a'.repeat(40_000)]);
    const record = taken(
      execRecord({ tgid: 7, stampNs: 100, flags: ExecFlag.TAIL_LOST, args: args.subarray(0, 24 << 10), argsTotal: args.length }),
    );
    expect(written(record).args).toEqual(['prog', 'a'.repeat((24 << 10) - 6)]);
  });

  it('that the kernel could not read is none', () => {
    expect(
      written(taken(execRecord({ tgid: 7, stampNs: 100, flags: ExecFlag.ARGS_FAULT, args: Buffer.alloc(0), argsTotal: 10 }))).bytes,
    ).toBe(-1);
  });

  it('never grows beyond its limit, and consists of arguments that were there, or of the begin of one', () => {
    const arg = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', ' '), maxLength: 900, size: 'max' });
    fc.assert(
      fc.property(fc.array(arg, { minLength: 1, maxLength: 40, size: 'max' }), fc.integer({ min: 1024, max: 8192 }), (args, limit) => {
        const { args: kept, bytes, cut, raw } = written(recordOf(argvOf(args), limit));
        expect(bytes).toBeLessThanOrEqual(limit);
        const before = cut === 0 ? kept.length : raw.subarray(0, cut).toString().split('\0').length - 1;
        for (const [i, one] of kept.slice(0, before).entries()) {
          expect(i === before - 1 ? args[i]!.startsWith(one) : args[i] === one).toBe(true);
        }
        const after = kept.slice(before);
        expect(after).toEqual(after.length === 0 ? [] : args.slice(-after.length));
      }),
    );
  });
});
