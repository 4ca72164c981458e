import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { AgentError, exitCodeOf } from '../../../../src/core/errors.ts';
import { MAGIC, SECTION_HEAD_BYTES, sectionBytes } from '../../../../src/ingest/recording/format.ts';
import { END, HEADER, readBack, recordingOf, synthetic } from './fixtures.ts';

const { frames } = synthetic(600);

function withHeader(header: object): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  return Buffer.concat([MAGIC, sectionBytes(1, json, json.length)]);
}

/** Where its sections begin. */
function sectionsOf(recording: Buffer): number[] {
  const found: number[] = [];
  for (let at = MAGIC.length; at < recording.length; at += SECTION_HEAD_BYTES + recording.readUInt32LE(at + 4)) found.push(at);
  return found;
}

async function refusal(bytes: Buffer): Promise<AgentError> {
  const error: unknown = await readBack(bytes).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AgentError);
  return error as AgentError;
}

describe('a recording', () => {
  let whole: Buffer;
  beforeAll(async () => {
    whole = await recordingOf(frames, { perSection: 40 });
  });

  it('is read back as it was written: header, frames and end', async () => {
    expect(await readBack(whole)).toEqual({ header: HEADER, frames, end: { ...END, frames: frames.length } });
  });

  it('that holds nothing is one, too', async () => {
    expect(await readBack(await recordingOf([]))).toMatchObject({ frames: [], end: { complete: true, frames: 0 } });
  });

  it('cut anywhere gives what is whole before the cut, and says that it is torn', async () => {
    const headerEnd = MAGIC.length + SECTION_HEAD_BYTES + Buffer.from(JSON.stringify(HEADER)).length;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: headerEnd, max: whole.length - 1 }), async (length) => {
        const { frames: read, end } = await readBack(whole.subarray(0, length));
        expect(end).toMatchObject({ at: expect.any(Number) as number, bytes: expect.any(Number) as number });
        expect(read).toEqual(frames.slice(0, read.length));
        expect((end as { at: number; bytes: number }).at + (end as { bytes: number }).bytes).toBe(length);
      }),
      { numRuns: 60 },
    );
  });

  it('cut within its header is damaged, and nothing else is read from it', async () => {
    for (const length of [MAGIC.length, MAGIC.length + 3, 100]) {
      expect(await refusal(whole.subarray(0, length))).toMatchObject({
        code: 'FILE_CORRUPT',
        message: expect.stringMatching(/ends within its header/) as string,
      });
    }
  });

  it('with any byte changed is either refused from there on or the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] as number) ^ flip;
        const error: unknown = await readBack(bytes).catch((thrown: unknown) => thrown);
        // A length that points beyond the end looks like a cut.
        const torn = !(error instanceof Error) && !('complete' in ((error as { end: object }).end ?? {}));
        expect(error instanceof AgentError || torn).toBe(true);
        if (error instanceof AgentError) expect(error.code).toBe('FILE_CORRUPT');
      }),
      { numRuns: 150 },
    );
  });

  it('that ends in zeros, as after a power failure, is torn', async () => {
    const { frames: read, end } = await readBack(Buffer.concat([await recordingOf(frames.slice(0, 7), { end: null }), Buffer.alloc(4096)]));
    expect(read).toHaveLength(7);
    expect(end).toHaveProperty('at');
  });

  it('without an end is torn, though every section is whole', async () => {
    const { frames: read, end } = await readBack(await recordingOf(frames.slice(0, 7), { end: null }));
    expect(read).toHaveLength(7);
    expect(end).toMatchObject({ bytes: 0 });
  });

  it('names what it is, the place and what can be done when it is none, or damaged', async () => {
    const none = await refusal(Buffer.from('Obj\u0001 something else'));
    expect([none.message, none.fix, exitCodeOf(none)]).toEqual([
      'x.fcrec is not a recording',
      'Name a file that forkcast record has written.',
      74,
    ]);
    expect((await refusal(Buffer.alloc(0))).message).toBe('x.fcrec is not a recording');
    const bytes = Buffer.from(whole);
    bytes[bytes.length - 3] = 0xff;
    const damaged = await refusal(bytes);
    expect(damaged.message).toMatch(/^x\.fcrec is damaged at byte \d+: a section with a wrong checksum$/);
    expect([damaged.context, exitCodeOf(damaged)]).toEqual([{ path: 'x.fcrec', at: expect.any(Number) as number }, 74]);
  });

  it('with a sound section missing, or there twice, is damaged where it ends', async () => {
    const heads = sectionsOf(whole);
    const [first = 0, second = 0, third = 0] = heads;
    const missing = Buffer.concat([whole.subarray(0, second), whole.subarray(third)]);
    const twice = Buffer.concat([whole.subarray(0, third), whole.subarray(second)]);
    expect(first).toBe(MAGIC.length);
    for (const bytes of [missing, twice])
      expect((await refusal(bytes)).message).toMatch(/^x\.fcrec is damaged at byte \d+: \d+ frames come before an end that counts \d+$/);
  });

  it('of a newer format is refused with the version that wrote it', async () => {
    const error = await refusal(withHeader({ format: 3, forkcast: '9.1', whatever: true }));
    expect(error).toMatchObject({ code: 'FILE_TOO_NEW', context: { path: 'x.fcrec', format: 3 } });
    expect(error.message).toBe('x.fcrec is a recording of format 3, made by forkcast 9.1; this version knows formats up to 2');
    expect(exitCodeOf(error)).toBe(74);
  });

  it.each([
    ['agent_id', 'ABC', 'agent_id is not a UUID'],
    ['host', { host_id: HEADER.host.host_id, boot_id: 7, hostname: '' }, 'host is not a host with its ids and its name'],
    ['started', { time_us: -1, monotonic_ns: 0 }, 'started is not a time in both clocks'],
    ['users', { 0: 7 }, 'users is not a map of names'],
    ['degraded', [{ feature: 'x' }], 'degraded is not a list of features with reasons'],
    ['capabilities', 'CAP', 'capabilities is not a list of texts'],
  ])('whose header has a wrong %s is refused', async (field, value, reason) => {
    expect((await refusal(withHeader({ ...HEADER, [field]: value }))).message).toContain(`in its header, ${reason}`);
  });
});
