import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeLock } from '../../../src/agent/data-dir.ts';
import { decodeCommand } from '../../../src/cli/decode.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { createAvroEncoder } from '../../../src/encode/avro/binary.ts';
import { createEcsEncoder } from '../../../src/encode/ecs/ecs.ts';
import { recordFormat } from '../../../src/encode/record-format.ts';
import { nodeFs } from '../../../src/queue/spool/node-fs.ts';
import { SPOOL_DEFAULTS } from '../../../src/queue/spool/spool-options.ts';
import { Spool } from '../../../src/queue/spool/spool.ts';
import { afterTimeout } from '../../../src/queue/spool/timers.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { asProcess, execEvent, exitEvent, uuid } from '../encode/samples.ts';
import { fakeIo, forkcast } from './fake-io.ts';

/** The spool of a sink with three batches of two events in it; the first is delivered. */
async function spoolFolder(format: 'avro' | 'ecs' = 'avro'): Promise<{ root: string; folder: string; segment: string }> {
  const root = await tempDir();
  const folder = join(root, 'siem');
  const spool = new Spool(
    { ...SPOOL_DEFAULTS, folder, maxBytes: 1 << 24, sinkId: uuid(9) },
    {
      fs: nodeFs,
      origin: { agentId: uuid(3), format: recordFormat(format) },
      lock: takeLock,
      onEvent: () => undefined,
      nowUs: () => 1_700_000_000_000_000,
      after: afterTimeout,
    },
  );
  await spool.open(new AbortController().signal);
  const encoder = format === 'avro' ? createAvroEncoder() : createEcsEncoder();
  for (const sequence of [1, 3, 5]) {
    const events = [asProcess({ ...execEvent, sequence }), asProcess({ ...exitEvent, sequence: sequence + 1 })];
    const items: Encoded[] = events.map((event) => encoder.encode(event));
    spool.offer({ items, bytes: items.reduce((sum, { bytes }) => sum + bytes.length, 0) });
  }
  (await spool.pull(new AbortController().signal))?.done('delivered');
  await spool.close();
  return { root, folder, segment: join(folder, '00000000000000000001.seg') };
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 4);
  writeFileSync(path, bytes);
}

async function decoded(path: string): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo();
  const code = await decodeCommand([path], { format: 'json' }, io);
  return { code, out: io.stdout.text, err: io.stderr.text };
}

it('decode prints records that wait as JSON as they are, one a line', async () => {
  const { segment } = await spoolFolder('ecs');
  const { code, out, err } = await decoded(segment);
  expect([code, err]).toEqual([0, '']);
  const records = out.trimEnd().split('\n');
  expect(records.map((line) => (JSON.parse(line) as { event: { sequence: number } }).event.sequence)).toEqual([1, 2, 3, 4, 5, 6]);
});

describe('forkcast spool inspect', () => {
  it('says how it is used, by its whole name', async () => {
    const { code, err } = await forkcast('spool', 'inspect');
    expect([code, err]).toEqual([64, "error: missing required argument 'dirs'\nforkcast spool inspect --help shows how it is used\n"]);
  });

  it('says what waits, of the spool that is named or of all in a folder', async () => {
    const { root, folder } = await spoolFolder();
    for (const named of [root, folder]) {
      const { code, out, err } = await forkcast('spool', 'inspect', named);
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain(`${folder}: 4 events wait, `);
      expect(out).toMatch(/^ {2}00000000000000000001\.seg .* 6 events, 4 wait, sequences 1 to 6 of run 00010203-/m);
    }
  });

  it('prints JSON', async () => {
    const { root, folder } = await spoolFolder();
    const { out } = await forkcast('spool', 'inspect', '--json', root);
    const segment = { name: '00000000000000000001.seg', sealed: true, frames: 3, records: 6, waiting: 4, torn_bytes: 0, damage: [] };
    expect(JSON.parse(out)).toMatchObject({ spools: [{ folder, position: { segment: 1 }, segments: [segment], quarantine: [] }] });
  });

  it('ends with 1 where something is damaged', async () => {
    const { root, segment } = await spoolFolder();
    damage(segment);
    const { code, out } = await forkcast('spool', 'inspect', root);
    expect(code).toBe(1);
    expect(out).toMatch(/DAMAGED from byte \d+ to \d+/);
  });

  it('says where there is none', async () => {
    const folder = await tempDir();
    expect(await forkcast('spool', 'inspect', folder)).toMatchObject({
      code: 74,
      out: '',
      err: expect.stringContaining('there is no spool in') as string,
    });
    expect(await forkcast('spool', 'inspect', join(folder, 'x'))).toMatchObject({ code: 74, out: '' });
  });
});

describe('forkcast spool repair', () => {
  it('has nothing to do where nothing is wrong', async () => {
    const { root, folder } = await spoolFolder();
    expect(await forkcast('spool', 'repair', root)).toMatchObject({ code: 0, out: `${folder}: nothing to repair\n` });
  });

  it('keeps a copy of what is damaged, and leaves what is sound', async () => {
    const { root, folder, segment } = await spoolFolder();
    damage(segment);
    const { code, out } = await forkcast('spool', 'repair', root);
    expect(code).toBe(0);
    expect(out).toContain('a copy is in quarantine');
    expect(await forkcast('spool', 'inspect', root)).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, 'quarantine'))).toHaveLength(1);
  });

  it('does not touch what an agent uses', async () => {
    const { folder, segment } = await spoolFolder();
    damage(segment);
    const before = readFileSync(segment);
    const unlock = await takeLock(join(folder, 'lock'));
    expect(await forkcast('spool', 'repair', folder)).toMatchObject({ code: 69, out: '' });
    await unlock();
    expect(readFileSync(segment)).toEqual(before);
  });
});

describe('forkcast decode of a segment', () => {
  it('prints its events, delivered or not', async () => {
    const { segment } = await spoolFolder();
    const { code, out, err } = await decoded(segment);
    expect([code, err]).toEqual([0, '']);
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; sequence: number });
    expect(events.map(({ kind, sequence }) => [kind, sequence])).toEqual([1, 2, 3, 4, 5, 6].map((n) => [n % 2 === 1 ? 'EXEC' : 'EXIT', n]));
  });

  it('says what it passed over, and where it is torn', async () => {
    const { segment } = await spoolFolder();
    const whole = readFileSync(segment);
    writeFileSync(segment, whole.subarray(0, whole.length - 70));
    expect(await decoded(segment)).toMatchObject({ code: 0, err: expect.stringContaining('warning') as string });
    writeFileSync(segment, whole);
    damage(segment);
    const { code, out, err } = await decoded(segment);
    expect(code).toBe(1);
    expect(out.trimEnd().split('\n')).toHaveLength(4);
    expect(err).toContain('is damaged at byte');
  });
});
