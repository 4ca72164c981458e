import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCommand } from '../../../src/cli/decode.ts';
import type { DecodeCommandOptions } from '../../../src/cli/decode.ts';
import { unreadable } from '../../../src/cli/decode-input.ts';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import { createAvroEncoder } from '../../../src/encode/avro/binary.ts';
import { createSingleObjectEncoder } from '../../../src/encode/avro/single-object.ts';
import { NEWEST_OCSF, OCSF_VERSIONS } from '../../../src/core/record-formats.ts';
import { ecsViolations } from '../../helpers/ecs-validator.ts';
import { ocsfViolations } from '../../helpers/ocsf-validator.ts';
import { container } from '../encode/files.ts';
import { fullAgentEvent } from '../encode/full-samples.ts';
import { asAgent, asProcess, execEvent, exitEvent, forkEvent } from '../encode/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'forkcast-decode-'));
const at = (name: string): string => join(folder, name);
const exits = (from: number, count: number): AnyEvent[] =>
  Array.from({ length: count }, (_, i) => asProcess({ ...exitEvent, sequence: from + i }));

/** Takes what is written, though never at once. */
class Output extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    setImmediate(done);
  }
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  files: readonly string[],
  options: Partial<DecodeCommandOptions> = {},
  stdin: Readable = Readable.from([]),
): Promise<Outcome> {
  const stdout = new Output();
  const stderr = new Output();
  const code = await decodeCommand(files, { format: 'json', ...options }, { stdin, stdout, stderr, env: {} });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const sequencesOf = ({ stdout }: Outcome): number[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { sequence: number }).sequence);

beforeAll(async () => {
  const { bytes, ends } = await container('process', 'zstd', [
    [asProcess(forkEvent), asProcess(execEvent), asProcess(exitEvent)],
    exits(80_000, 5),
    exits(90_000, 5),
  ]);
  writeFileSync(at('whole.avro'), bytes);
  writeFileSync(at('torn.avro.open'), bytes.subarray(0, (ends[2] ?? 0) + 21));
  writeFileSync(at('agent.avro'), (await container('agent', 'deflate', [[asAgent(fullAgentEvent)]])).bytes);
  writeFileSync(at('empty.avro'), '');
  writeFileSync(at('foreign.txt'), 'hello');
  bytes.fill(0xff, (ends[1] ?? 0) + 10, (ends[1] ?? 0) + 20);
  writeFileSync(at('damaged.avro'), bytes);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('forkcast decode', () => {
  it('prints the events of its files as JSON lines, in order', async () => {
    const outcome = await run([at('whole.avro'), at('agent.avro')]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(sequencesOf(outcome)).toEqual([
      70_001,
      70_002,
      70_003,
      ...[0, 1, 2, 3, 4].map((i) => 80_000 + i),
      ...[0, 1, 2, 3, 4].map((i) => 90_000 + i),
      1,
    ]);
  });

  it('prints lines for people', async () => {
    const { stdout } = await run([at('whole.avro')], { format: 'line', kind: ['exec'] });
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.123 EXEC {6} {3}24020 ana {6}ls --color=auto -l \/var\/log\/nginx\n$/);
  });

  it('prints only the kinds and the stream asked for', async () => {
    expect(sequencesOf(await run([at('whole.avro'), at('agent.avro')], { kind: ['fork', 'Exec', 'START'] }))).toEqual([70_001, 70_002, 1]);
    expect(sequencesOf(await run([at('whole.avro'), at('agent.avro')], { stream: 'agent' }))).toEqual([1]);
  });

  it('prints null fields when asked to', async () => {
    expect((await run([at('whole.avro')], { kind: ['fork'] })).stdout).not.toContain('null');
    expect((await run([at('whole.avro')], { kind: ['fork'], nulls: true })).stdout).toContain('"container":null');
  });

  it('reads standard input', async () => {
    const encoder = createSingleObjectEncoder();
    const stdin = Readable.from(exits(1, 3).map((event) => encoder.encode(event).bytes));
    expect(sequencesOf(await run(['-'], {}, stdin))).toEqual([1, 2, 3]);
  });

  it('reads the values of messages where it is told how they are framed', async () => {
    const encoder = createAvroEncoder({ process: Uint8Array.of(0, 0, 0, 0, 9), agent: new Uint8Array(0) });
    const stdin = (): Readable => Readable.from(exits(1, 3).map((event) => encoder.encode(event).bytes));
    expect(sequencesOf(await run(['-'], { framing: 'confluent', stream: 'process' }, stdin()))).toEqual([1, 2, 3]);
    expect(await run(['-'], { framing: 'confluent' }, stdin())).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--stream process') as string,
    });
  });

  it('shows what a live stream has brought before it waits for more', async () => {
    const encoder = createSingleObjectEncoder();
    const stdin = new PassThrough();
    const stdout = new Output();
    const ended = decodeCommand(['-'], { format: 'json' }, { stdin, stdout, stderr: new Output(), env: {} });
    for (const event of exits(1, 3)) {
      stdin.write(encoder.encode(event).bytes);
      await expect.poll(() => stdout.text).toContain(`"sequence":${event.event.sequence}`);
    }
    stdin.end();
    expect(await ended).toBe(0);
  });
});

describe('the views of SIEMs', () => {
  const records = ({ stdout }: Outcome): Record<string, unknown>[] =>
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('are printed one record a line: the Elastic Common Schema', async () => {
    const outcome = await run([at('whole.avro'), at('agent.avro')], { format: 'ecs' });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(records(outcome)).toHaveLength(14);
    expect(records(outcome).flatMap(ecsViolations)).toEqual([]);
  });

  it.each(OCSF_VERSIONS)('are printed one record a line: OCSF %s', async (version) => {
    const outcome = await run([at('whole.avro'), at('agent.avro')], { format: 'ocsf', ocsfVersion: version });
    expect(records(outcome)).toHaveLength(14);
    expect(records(outcome).flatMap((record) => ocsfViolations(record, version))).toEqual([]);
  });

  it('are of the newest version of OCSF where none is asked for', async () => {
    const outcome = await run([at('agent.avro')], { format: 'ocsf' });
    expect(records(outcome).flatMap((record) => ocsfViolations(record, NEWEST_OCSF))).toEqual([]);
  });
});

describe('a file that is not whole', () => {
  it('is printed up to its torn end, with a warning', async () => {
    const outcome = await run([at('torn.avro.open')]);
    expect(outcome.code).toBe(0);
    expect(sequencesOf(outcome).length).toBe(8);
    expect(outcome.stderr).toMatch(/^warning: .*torn\.avro\.open ends within a record: 21 bytes from byte \d+ on are left out\n$/);
  });

  it('is printed around its damage, with an error and exit code 1', async () => {
    const outcome = await run([at('damaged.avro'), at('agent.avro')]);
    expect(outcome.code).toBe(1);
    expect(sequencesOf(outcome)).toEqual([70_001, 70_002, 70_003, ...[0, 1, 2, 3, 4].map((i) => 90_000 + i), 1]);
    expect(outcome.stderr).toMatch(
      /^error: .*damaged\.avro is damaged at byte \d+: \d+ bytes are left out \(its 5 records cannot be decompressed: .*\)\n$/,
    );
  });

  it('may be empty', async () => {
    expect(await run([at('empty.avro')])).toEqual({ code: 0, stdout: '', stderr: `warning: ${at('empty.avro')} is empty\n` });
  });
});

describe('what cannot be read', () => {
  it.each([
    ['a missing file', 'missing.avro', `cannot read ${at('missing.avro')}: there is no such file`],
    ['a folder', '.', `cannot read ${at('.')}: it is a folder`],
    ['a foreign file', 'foreign.txt', `cannot decode ${at('foreign.txt')}: neither`],
  ])('is named, and the other files are read: %s', async (_case, name, message) => {
    const outcome = await run([at(name), at('agent.avro')]);
    expect(outcome).toMatchObject({ code: 74, stderr: expect.stringContaining(`error: ${message}`) as string });
    expect(sequencesOf(outcome)).toEqual([1]);
  });

  it('is named when it is forbidden', () => {
    const error = unreadable('x.avro', Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' }));
    expect(error).toMatchObject({ code: 'FILE_IO', message: 'cannot read x.avro: permission denied' });
    expect(error.fix).toContain('root');
  });

  it('escapes hostile names', async () => {
    const { stderr } = await run([at('\u001b[2Jx\n.avro')]);
    expect(stderr).toContain('\\x1b[2Jx\\n.avro');
  });
});

describe('usage', () => {
  it.each([
    ['no file', [], {}, 'no file'],
    ['an unknown kind', ['-'], { kind: ['exce'] }, 'there is no kind "EXCE"'],
  ])('is explained: %s', async (_case, files, options, message) => {
    expect(await run(files, options)).toMatchObject({ code: 64, stderr: expect.stringContaining(message) as string });
  });
});

describe('the reader of the results', () => {
  it('may go away', async () => {
    let chunks = 0;
    const stdout = new Writable({
      write(_chunk, _encoding, done) {
        chunks += 1;
        done(chunks > 1 ? Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }) : null);
      },
    });
    const many = Buffer.concat([(await container('process', 'null', [exits(1, 2000)])).bytes]);
    writeFileSync(at('many.avro'), many);
    const stderr = new Output();
    const io = { stdin: Readable.from([]), stdout, stderr, env: {} };
    expect(await decodeCommand([at('many.avro'), at('missing.avro')], { format: 'json' }, io)).toBe(0);
    expect({ chunks, stderr: stderr.text }).toEqual({ chunks: 2, stderr: '' });
  });

  it('may be out of room', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(full) });
    const stderr = new Output();
    expect(await decodeCommand([at('whole.avro')], { format: 'json' }, { stdin: Readable.from([]), stdout, stderr, env: {} })).toBe(74);
    expect(stderr.text).toContain('cannot write to standard output: ENOSPC');
  });

  it('is not run over: what is read keeps pace with what is taken', async () => {
    const { bytes } = await container(
      'process',
      'null',
      Array.from({ length: 100 }, (_, i) => exits(i * 100, 100)),
    );
    let taken = 0;
    let given = 0;
    let ahead = 0;
    async function* input(): AsyncGenerator<Buffer> {
      for (let from = 0; from < bytes.length; from += 10_000) {
        given += 1;
        ahead = Math.max(ahead, given - taken);
        yield await Promise.resolve(bytes.subarray(from, from + 10_000));
      }
    }
    const stdout = new Writable({
      highWaterMark: 1,
      write(_chunk, _encoding, done) {
        taken = given;
        setImmediate(done);
      },
    });
    const io = { stdin: Readable.from(input(), { highWaterMark: 1 }), stdout, stderr: new Output(), env: {} };
    expect(await decodeCommand(['-'], { format: 'json' }, io)).toBe(0);
    expect(given).toBeGreaterThan(200);
    expect(ahead).toBeLessThan(12);
  });

  it('may be head', async () => {
    const script = `
      const { decodeCommand } = await import(${JSON.stringify(new URL('../../../src/cli/decode.ts', import.meta.url).href)});
      const code = await decodeCommand(Array(200).fill(${JSON.stringify(at('whole.avro'))}), { format: 'json' }, { ...process, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr });
      process.stderr.write('exit ' + code);`;
    writeFileSync(at('script.mjs'), script);
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', '"$0" "$1" | head -n 2', process.execPath, at('script.mjs')]);
    expect(stdout.split('\n').length).toBe(3);
    expect(stderr).toBe('exit 0');
  });
});
