import { mkdir, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyCommand } from '../../../src/cli/verify.ts';
import type { VerifyCommandOptions } from '../../../src/cli/verify.ts';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import type { RecordStream } from '../../../src/core/event.ts';
import { uuidText } from '../../../src/core/uuid.ts';
import { createAvroEncoder } from '../../../src/encode/avro/binary.ts';
import { createOcf } from '../../../src/encode/avro/ocf.ts';
import type { Evidence } from '../../../src/verify/evidence.ts';
import type { Report } from '../../../src/verify/report.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { forkEvent } from '../encode/samples.ts';
import { MadeRun, id, isProcess } from '../verify/made-runs.ts';
import type { Step } from '../verify/made-runs.ts';
import { fakeIo } from './fake-io.ts';

const steps: Step[] = Array.from({ length: 5 }, (_, i) => [
  { fate: 'accepted' as const, count: 40, checkpoint: false },
  { fate: i === 2 ? ('queue_full' as const) : ('filtered' as const), count: 5, checkpoint: true },
]).flat();
const run = (number: number, end: 'stop' | 'kill' = 'stop', previous?: MadeRun): MadeRun =>
  new MadeRun({
    host: 1,
    sink: 1,
    run: number,
    steps: end === 'stop' ? steps : [...steps, { fate: 'accepted', count: 3, checkpoint: false }],
    end,
    ...(previous === undefined ? {} : { previous: { run: previous.plan.run, clean: false, accepted: previous.lastAccepted } }),
  });

const encoder = createAvroEncoder();
const asEvent = ({ stream, agentId, sequence, time, host, event }: Evidence): AnyEvent =>
  stream === 'agent' && event !== null
    ? { stream, event: { ...event, time, sequence } }
    : { stream: 'process', event: { ...forkEvent, agent_id: agentId, sequence: sequence ?? 0, time, host: { ...host, labels: null } } };

interface Written {
  readonly name: string;
  /** One of the records. */
  readonly stream: RecordStream;
  readonly records: readonly Evidence[];
  readonly sink?: number | null;
}

async function write(folder: string, { name, stream, records, sink = 1 }: Written): Promise<string> {
  const marker = Buffer.alloc(16, name.length + 1);
  const ocf = createOcf(stream, 'zstd');
  const bytes = [ocf.header({ agent_id: 'x', ...(sink === null ? {} : { sink_id: uuidText(id(3, sink)) }) }, marker)];
  for (let at = 0; at < records.length; at += 30) {
    const block = records.slice(at, at + 30).map((record) => encoder.encode(asEvent(record)).bytes);
    bytes.push(await ocf.block(block.length, Buffer.concat(block), marker));
  }
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, Buffer.concat(bytes));
  return path;
}

/** A folder with the files of these runs. */
async function written(runs: readonly Pick<MadeRun, 'records'>[], sink: number | null = 1): Promise<string> {
  const folder = await tempDir();
  for (const [i, { records }] of runs.entries()) {
    const name = `2026010${i}T000000Z-00000000-000001.avro`;
    await write(folder, { name: `process-${name}`, stream: 'process', records: records.filter(isProcess), sink });
    await write(folder, { name: `agent-${name}`, stream: 'agent', records: records.filter((record) => !isProcess(record)), sink });
  }
  return folder;
}

async function verify(paths: readonly string[], options: VerifyCommandOptions = {}) {
  const io = fakeIo({ LANG: 'C.UTF-8' });
  const code = await verifyCommand(paths, options, io);
  return { code, out: io.stdout.text, err: io.stderr.text };
}
const lines = (...expected: string[]): string => `${expected.join('\n')}\n`;

describe('forkcast verify', () => {
  it('says of sound files that everything is there', async () => {
    const { code, out, err } = await verify([await written([run(1)])]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(
      lines(
        '✓ host-1  run 01444444  sink sink-1  2084-01-29 17:00:00 to 2084-01-29 17:00:00  stopped',
        '    expected     202 (by 6 checkpoints, 20 filtered)',
        '    present      202',
        '    declared     5 queue_full',
        '    unaccounted  0',
        '',
        '✓ everything that was accepted is there: unaccounted 0',
        '208 records in 2 files, 1 run',
      ),
    );
  });

  it('names what is missing, with exit code 1', async () => {
    const made = run(1);
    const folder = await tempDir();
    const kept = made.records.filter(({ sequence }) => sequence !== 7);
    const name = '20260101T000000Z-00000000-000001.avro';
    await write(folder, { name: `process-${name}`, stream: 'process', records: kept.filter(isProcess) });
    await write(folder, { name: `agent-${name}`, stream: 'agent', records: kept.filter((record) => !isProcess(record)) });
    const { code, out } = await verify([folder], { allowBlind: true });
    expect(code).toBe(1);
    expect(out).toContain('✗ host-1  run 01444444  sink sink-1');
    expect(out).toContain('    unaccounted  1\n    ✗ 1 event of the 41 events of checkpoint 1 (1 to 46) is missing: 7\n');
    expect(out).toContain('✗ unaccounted 1, 1 finding\n');
  });

  it('asks for leave where something cannot be proven: a blind interval, the tail of a killed run', async () => {
    const killed = run(1, 'kill');
    const folder = await written([killed, run(2, 'stop', killed)]);
    const strict = await verify([folder]);
    expect(strict.code).toBe(1);
    expect(strict.out).toContain('! host-1  run 01444444  sink sink-1');
    expect(strict.out).toContain('    tail         3 events behind the last checkpoint, unproven; sequences up to 229 were accepted\n');
    expect(strict.out).toContain('    blind        1h before it nobody listened\n');
    expect(strict.out).toContain(
      '! unaccounted 0, but there is 1 blind interval and a tail of 3 events that nobody can prove; --allow-blind accepts that\n',
    );
    const cut = await written([{ records: killed.records.slice(0, -2) }, run(2, 'stop', killed)]);
    expect((await verify([cut])).out).toContain('sequences up to 229 were accepted, and are there up to 227 only\n');
    const allowed = await verify([folder], { allowBlind: true });
    expect(allowed.code).toBe(0);
    expect(allowed.out).toContain('✓ unaccounted 0, but there is');
  });

  it('prints the report as JSON', async () => {
    const { code, out } = await verify([await written([run(1)])], { json: true });
    const report = JSON.parse(out) as Report & { ok: boolean; files: number; records: number };
    expect(code).toBe(0);
    expect(report).toMatchObject({ ok: true, files: 2, records: 208, proven: true, unaccounted: 0, missing_hosts: [], blind: [] });
    expect(report.runs).toMatchObject([
      { host_id: uuidText(id(2, 1)), agent_id: uuidText(id(1, 1)), expected: 202, declared: { queue_full: 5 } },
    ]);
  });

  it('tells sinks apart by the metadata of the files', async () => {
    const folder = await written([run(1)]);
    const other = new MadeRun({ host: 1, run: 1, sink: 2, end: 'stop', steps: [{ fate: 'filtered', count: 225, checkpoint: true }] });
    const name = '20260101T000000Z-00000000-000001.avro';
    await write(join(folder, 'b'), { name: `agent-${name}`, stream: 'agent', records: other.records, sink: 2 });
    const { code, out } = await verify([folder], { json: true });
    expect(code).toBe(0);
    expect((JSON.parse(out) as Report).runs).toMatchObject([{ expected: 202 }, { expected: 2, filtered: 225 }]);
  });

  it('takes files without that for one sink', async () => {
    const { code, out } = await verify([await written([run(1)], null)]);
    expect(code).toBe(0);
    expect(out).toContain('sink sink-1');
  });
});

describe('expected hosts', () => {
  const expecting = async (text: string) => {
    const folder = await written([run(1)]);
    const list = join(await tempDir(), 'hosts.txt');
    await writeFile(list, text);
    return { ...(await verify([folder], { expect: list })), list };
  };

  it('are there, or named', async () => {
    const here = uuidText(id(2, 1));
    expect((await expecting(`# ours\n${here.toUpperCase()} # web\n\n`)).code).toBe(0);
    const gone = uuidText(id(2, 9));
    const { code, out } = await expecting(`${here}\n${gone}\n`);
    expect(code).toBe(1);
    expect(out).toContain(`✗ host ${gone} was expected, and nothing of it is there\n`);
    expect(out).toContain('✗ unaccounted 0, 1 missing host\n');
  });

  it('must be ids', async () => {
    const { code, err, list } = await expecting('web-1\n');
    expect(code).toBe(64);
    expect(err).toContain(`${list}:1: "web-1" is not the id of a host`);
    const none = await verify(['x'], { expect: '/nonexistent/hosts' });
    expect([none.code, none.err]).toEqual([74, expect.stringContaining('cannot read /nonexistent/hosts: there is no such file') as string]);
  });
});

describe('files that are not as they should be', () => {
  it.each([
    ['a path that is not there', '/nonexistent/x', 'cannot read /nonexistent/x: there is no such file'],
    ['a file of another kind', import.meta.filename, 'neither a container file nor single-object records'],
    ['a folder without event files', import.meta.dirname, 'there are no event files in'],
  ])('%s: exit code 74', async (_what, path, message) => {
    const { code, err, out } = await verify([path]);
    expect([code, out]).toEqual([74, '']);
    expect(err).toContain(message);
  });

  it('a file that is being written is read as far as it goes', async () => {
    const folder = await written([run(1)]);
    const name = join(folder, 'process-20260100T000000Z-00000000-000001.avro');
    await rename(name, `${name}.open`);
    expect((await verify([folder])).code).toBe(0);
    const cut = await verify([await torn(await written([run(1)]))]);
    expect(cut.code).toBe(1);
    expect(cut.err).toMatch(
      /^note: .*\.avro ends within a block: its last \d+ bytes are left out; it is being written, or its writer was killed\n$/,
    );
    expect(cut.out).toMatch(/unaccounted {2}\d+\n/);
  });

  it('an empty one holds nothing, and nothing is no proof', async () => {
    const path = join(await tempDir(), 'process-20260101T000000Z-00000000-000001.avro');
    await writeFile(path, '');
    const { code, out } = await verify([path]);
    expect(code).toBe(1);
    expect(out).toContain('✗ there are no records, so nothing is proven\n');
  });
});

async function torn(folder: string): Promise<string> {
  const { size } = await stat(join(folder, 'process-20260100T000000Z-00000000-000001.avro'));
  await truncate(join(folder, 'process-20260100T000000Z-00000000-000001.avro'), size - 20);
  return folder;
}

it('reads off the names of files that there were older ones', async () => {
  const folder = await tempDir();
  const { records } = run(1);
  const process = records.filter(isProcess);
  const put = (number: number, from: number, to: number) =>
    write(folder, {
      name: `process-20260101T00000${number}Z-00000000-00000${number}.avro`,
      stream: 'process',
      records: process.slice(from, to),
    });
  await write(folder, {
    name: 'agent-20260101T000000Z-00000000-000001.avro',
    stream: 'agent',
    records: records.filter((record) => !isProcess(record)),
  });
  await put(2, 90, 150);
  await put(3, 150, 200);
  const { code, out } = await verify([folder]);
  expect(code).toBe(0);
  expect(out).toContain('(by 6 checkpoints, begins at sequence 102: 90 before it are gone with the oldest records, 20 filtered)\n');
  expect(out).toContain('present      112\n');
});
