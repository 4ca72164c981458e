import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCmdline } from '../../../../src/enrich/procfs/cmdline.ts';
import { shared } from '../fixtures.ts';

const parse = (content: string | Uint8Array, maxBytes = 1000, originalBytes = 0) =>
  parseCmdline(shared(content), { maxBytes, originalBytes });

describe('parseCmdline', () => {
  it('splits at NUL and takes the closing one off', () => {
    expect(parse('ls\0-l\0')).toEqual({ args: ['ls', '-l'], argsBytes: 6, truncated: false, argsRaw: null, keptBytes: 6 });
  });

  it('keeps empty arguments, the last one too', () => {
    expect(parse('a\0\0b\0\0').args).toEqual(['a', '', 'b', '']);
    expect(parse('\0').args).toEqual(['']);
  });

  it('keeps newlines and a title without a closing NUL', () => {
    expect(parse('sh\0-c\0a\nb').args).toEqual(['sh', '-c', 'a\nb']);
  });

  it('keeps the bytes where an argument is not UTF-8', () => {
    const bytes = Buffer.from([0x61, 0, 0xff, 0x62, 0]);
    const parsed = parse(bytes);
    expect(parsed.args).toEqual(['a', '\ufffdb']);
    expect(parsed.argsRaw).toEqual(bytes);
  });

  it('takes a real U+FFFD for what it is', () => {
    expect(parse('a\0\ufffd\0')).toMatchObject({ args: ['a', '\ufffd'], argsRaw: null });
  });

  it('cuts at the limit and says so, with the original size', () => {
    expect(parse('abc\0defgh\0', 6)).toMatchObject({ args: ['abc', 'de'], argsBytes: 10, truncated: true, keptBytes: 6 });
  });

  it('says what the capture had cut already', () => {
    expect(parse('abc\0de', 1000, 4000)).toMatchObject({ args: ['abc', 'de'], argsBytes: 4000, truncated: true });
  });

  it('takes a capture of just the limit for a cut one of unknown size', () => {
    expect(parse('abc\0de', 6, 6)).toMatchObject({ args: ['abc', 'de'], argsBytes: null, truncated: true });
    expect(parse('abc\0de', 6, 60)).toMatchObject({ argsBytes: 60, truncated: true });
  });

  it.each([1, 2, 3])('does not take %i bytes of a cut character for a wrong encoding', (kept) => {
    expect(parse('a\0😀xx\0', 2 + kept)).toMatchObject({ args: ['a'], argsRaw: null, truncated: true });
  });

  it('gives back every argv of valid text', () => {
    const arg = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0') && text.isWellFormed());
    fc.assert(
      fc.property(fc.array(arg, { minLength: 1, maxLength: 8 }), (args) => {
        const parsed = parse(args.map((text) => `${text}\0`).join(''), 100_000);
        expect(parsed).toMatchObject({ args, truncated: false, argsRaw: null });
      }),
    );
  });

  it('never throws on garbage, whatever the limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(70), fc.nat(100), (bytes, max, original) => {
        const parsed = parse(bytes, max, original);
        expect(parsed.keptBytes).toBeLessThanOrEqual(max);
        expect(parsed.truncated).toBe(parsed.argsBytes === null || parsed.keptBytes < parsed.argsBytes);
      }),
    );
  });

  it('holds on to nothing of the ring', () => {
    const ring = shared(Buffer.from([0x61, 0, 0xff, 0]));
    const parsed = parseCmdline(ring, { maxBytes: 100, originalBytes: 4 });
    ring.fill(0x7a);
    expect(parsed.args[0]).toBe('a');
    expect(parsed.argsRaw).toEqual(Buffer.from([0x61, 0, 0xff, 0]));
  });
});
