import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { decodeCommand } from '../../../src/cli/decode.ts';
import type { DecodeCommandOptions } from '../../../src/cli/decode.ts';
import type { ExecEvent } from '../../../src/core/kernel-event.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { END, synthetic, writeRecording } from '../ingest/recording/fixtures.ts';
import { fakeIo, forkcast } from './fake-io.ts';

const { heard, frames, header } = synthetic(400, { slots: 1 });

interface Decoded {
  readonly code: number;
  readonly lines: Record<string, unknown>[];
  readonly out: string;
  readonly err: string;
}

async function decode(file: string, options: Partial<DecodeCommandOptions> = {}, stdin: Readable = Readable.from([])): Promise<Decoded> {
  const io = { ...fakeIo(), stdin };
  const code = await decodeCommand([file], { format: 'json', ...options }, io);
  const out = io.stdout.text;
  const lines = out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, lines, out, err: io.stderr.text };
}

describe('decode of a recording', () => {
  it('prints its header, all that was heard, and its end', async () => {
    const { code, lines, err } = await decode(await writeRecording(frames, { header }));
    expect([code, err]).toEqual([0, '']);
    expect(lines[0]).toEqual({ type: 'recording', ...header });
    expect(lines.at(-1)).toEqual({ type: 'end', ...END, frames: frames.length });
    expect(lines.slice(1, -1).map(({ kind }) => kind)).toEqual(heard.map(({ kind }) => kind));
  });

  it('names fields as events do, with units, times as text and captures as what they hold', async () => {
    const { lines } = await decode(await writeRecording(frames, { header }), { kind: ['exec'] });
    const exec = heard.find((item): item is ExecEvent => item.kind === 'EXEC' && typeof item.capture?.stat !== 'number') as ExecEvent;
    expect(lines.find((line) => line['kernel_seq'] === exec.kernelSeq && line['cpu'] === exec.cpu)).toEqual({
      kind: 'EXEC',
      time: new Date(exec.timeUs / 1000).toISOString().replace(/\d{3}Z$/, `${String(exec.timeUs % 1e6).padStart(6, '0')}Z`),
      monotonic_ns: exec.monotonicNs,
      delay_us: exec.delayUs,
      cpu: exec.cpu,
      kernel_seq: exec.kernelSeq,
      pid: exec.pid,
      tgid: exec.tgid,
      capture: {
        delay_us: exec.capture?.delayUs,
        args: Buffer.from(exec.capture?.cmdline as Uint8Array)
          .toString()
          .slice(0, -1)
          .split('\0'),
        args_bytes: exec.capture?.cmdlineBytes,
        exe: expect.stringMatching(/^\/usr\//) as string,
        cwd: '/srv/app',
        stat: expect.stringMatching(/^\d+ \(/) as string,
        status: expect.stringMatching(/^Name:/) as string,
        cgroup: expect.stringMatching(/^0::\//) as string,
        loginuid: '4294967295',
      },
    });
    const unseen = lines.find((line) => 'errno' in ((line['capture'] as { args: object } | undefined)?.args ?? {}));
    expect(unseen?.['capture']).toMatchObject({ args: { errno: 2 }, stat: { errno: 3 } });
  });

  it('leaves out what is not wanted', async () => {
    const path = await writeRecording(frames, { header });
    const kinds = ({ lines }: Decoded) => new Set(lines.slice(1, -1).map(({ kind }) => kind));
    expect(kinds(await decode(path, { kind: ['exit', 'scan'] }))).toEqual(new Set(['EXIT', 'SCAN']));
    expect(kinds(await decode(path, { stream: 'agent' }))).toEqual(new Set(['SCAN']));
    expect(kinds(await decode(path, { stream: 'process' })).has('SCAN')).toBe(false);
  });

  it('reads it from standard input, too', async () => {
    const path = await writeRecording(frames, { header });
    const piped = await decode('-', {}, createReadStream(path, { highWaterMark: 1000 }));
    expect(piped.out).toBe((await decode(path)).out);
  });

  it('warns where it was cut, after what is whole', async () => {
    const path = join(await tempDir(), 'cut.fcrec');
    await writeFile(path, (await readFile(await writeRecording(frames, { header }))).subarray(0, -100));
    const { code, lines, err } = await decode(path);
    expect([code, lines.length]).toEqual([0, 1 + heard.length]);
    expect(err).toMatch(
      /^warning: .*cut\.fcrec was cut at byte \d+: its recorder was killed, had no room, or is still writing; \d+ bytes from there on are left out\n$/,
    );
  });

  it('does not call a recording empty that ends between two sections', async () => {
    const { code, lines, err } = await decode(await writeRecording(frames, { header, end: null }));
    expect([code, lines.length]).toEqual([0, 1 + heard.length]);
    expect(err).toMatch(/^warning: .*test\.fcrec was cut at byte \d+: its recorder was killed, had no room, or is still writing\n$/);
  });

  it('says where it is damaged, after what comes before, and ends with 74', async () => {
    const path = await writeRecording(frames, { header });
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    await writeFile(path, bytes);
    const { code, lines, err } = await decode(path);
    expect(code).toBe(74);
    expect(lines.length).toBeGreaterThan(10);
    expect(err).toMatch(/^error: cannot decode .*test\.fcrec: it is damaged at byte \d+: a section with a wrong checksum\n/);
  });

  it('has no lines for people', async () => {
    const { code, err } = await decode(await writeRecording(frames), { format: 'line' });
    expect([code, err]).toEqual([64, expect.stringContaining('which is printed as JSON only') as string]);
  });

  it('prints nothing that a terminal would obey', async () => {
    const hostile = synthetic(0).frames[1] as Buffer;
    const at = hostile.indexOf('docker-');
    hostile.write('\u001b[2J\u202e', at);
    const { out } = await decode(await writeRecording([hostile]));
    // oxlint-disable-next-line no-control-regex
    expect(out).not.toMatch(/[\u001b\u202e]/);
    expect(out).toContain(String.raw`\u001b[2J\u202e`);
  });
});

describe('replay', () => {
  it('is run with the recording as its source, and the speed if one is given', async () => {
    const { code, called } = await forkcast('replay', 'a b: "c".fcrec', '--speed', '20', '-c', 'x.yaml', '--set', 'enrich.ancestors=1');
    expect(code).toBe(0);
    expect(called.run).toEqual([
      {
        config: 'x.yaml',
        set: ['enrich.ancestors=1', 'source.type=replay', 'source.replay.path="a b: \\"c\\".fcrec"', 'source.replay.speed=20'],
      },
    ]);
    expect((await forkcast('replay', 'x', '--speed', 'max')).called.run[0]?.set.at(-1)).toBe('source.replay.speed=0');
    expect((await forkcast('replay', 'x', '--speed', '1000000')).called.run[0]?.set.at(-1)).toBe('source.replay.speed=1000000');
    expect((await forkcast('replay', 'x')).called.run[0]?.set).toEqual(['source.type=replay', 'source.replay.path="x"']);
  });

  it.each(['0', '-1', '1.5', 'fast', '', '1000001'])('refuses a speed of %j', async (speed) => {
    const { code, err } = await forkcast('replay', 'x', '--speed', speed);
    expect([code, err]).toEqual([64, expect.stringContaining('It must be a whole number from 1 to 1000000, or max.') as string]);
  });
});

describe('record', () => {
  it('masks arguments unless told not to', async () => {
    expect((await forkcast('record', 'x.fcrec', '--duration', '5s')).called.record).toEqual([['x.fcrec', { duration: '5s', set: [] }]]);
    expect((await forkcast('record', 'x.fcrec', '--unredacted')).called.record).toEqual([['x.fcrec', { unredacted: true, set: [] }]]);
  });

  it('says in its help what is in a recording, and needs a file', async () => {
    expect((await forkcast('record', '--help')).out).toMatch(/every further argument is\nreplaced by \*\*\* before anything is written/);
    expect((await forkcast('record')).code).toBe(64);
  });
});
