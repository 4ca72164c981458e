import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../src/core/any-event.ts';
import { canonicalForm, schemaFingerprint } from '../../src/encode/avro/fingerprint.ts';
import { CODECS, OCF_CODECS } from '../../src/encode/avro/ocf-codec.ts';
import { publishedSchema } from '../../src/encode/avro/schemas.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { container, plain, readAll } from '../unit/encode/files.ts';
import { fullAgentEvent, fullProcessEvent } from '../unit/encode/full-samples.ts';
import { asAgent, asProcess, execEvent, exitEvent, forkEvent } from '../unit/encode/samples.ts';

/** Our files in the hands of fastavro, an implementation of Avro that shares nothing with ours. */
const VERSION = '1.13.1';

const root = fileURLToPath(new URL('../../', import.meta.url));
const venv = join(root, '.cache', `fastavro-${VERSION}`);
const python = join(venv, 'bin', 'python');
const peer = fileURLToPath(new URL('fastavro_peer.py', import.meta.url));

async function succeed(what: string, path: string, args: readonly string[]): Promise<string> {
  const result = await runCommand(path, args).catch((error: unknown) => {
    throw new Error(`${what} failed: ${path} cannot be started. Install python3 with its venv module.`, { cause: error });
  });
  if (result.code !== 0) throw new Error(`${what} failed (${path} ${args.join(' ')}):\n${result.stderr}`);
  return result.stdout;
}

async function ask<T>(...args: string[]): Promise<T> {
  return JSON.parse(await succeed('fastavro', python, [peer, ...args])) as T;
}

/** There from an earlier run, or made now: without it there is no test, so failing to make it is a failure, everywhere. */
beforeAll(async () => {
  const there = await runCommand(python, [
    '-c',
    'import fastavro, io; fastavro.writer(io.BytesIO(), "string", [""], codec="zstandard")',
  ]).then(
    ({ code }) => code === 0,
    () => false,
  );
  if (there) return;
  mkdirSync(join(root, '.cache'), { recursive: true });
  await succeed('making a Python environment', 'python3', ['-m', 'venv', '--clear', venv]);
  await succeed('installing fastavro from PyPI', python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    `fastavro[zstandard]==${VERSION}`,
  ]);
});

/** As the peer prints it: ids and bytes in hexadecimal digits. */
const hexed = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, item: unknown) => (isBuffer(item) ? Buffer.from(item.data).toString('hex') : item)));
const isBuffer = (item: unknown): item is { data: number[] } =>
  typeof item === 'object' && item !== null && (item as { type?: unknown }).type === 'Buffer';

const exits = (count: number): AnyEvent[] => Array.from({ length: count }, (_, i) => asProcess({ ...exitEvent, sequence: i + 1 }));
const processEvents = [asProcess(fullProcessEvent), asProcess(forkEvent), asProcess(execEvent), ...exits(500)];
const agentEvents = [asAgent(fullAgentEvent), asAgent({ ...fullAgentEvent, kind: 'CHECKPOINT', sequence: null, start: null })];

interface FileContent {
  readonly codec: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly records: unknown[];
}

describe.each(OCF_CODECS)('files with codec %s', (codec) => {
  it('say the same to fastavro', async () => {
    const folder = await tempDir();
    for (const [stream, events] of [
      ['process', processEvents],
      ['agent', agentEvents],
    ] as const) {
      const path = join(folder, `${stream}.avro`);
      writeFileSync(path, (await container(stream, codec, [events, events.slice(0, 2)])).bytes);
      const content = await ask<FileContent>('read', path);
      expect(content.codec).toBe(CODECS[codec].avroName);
      expect(content.metadata).toMatchObject({ agent_id: 'a', first_sequence: '1' });
      expect(content.records).toEqual(hexed([...events, ...events.slice(0, 2)].map(({ event }) => event)));
    }
  });

  it('are read when fastavro wrote them', async () => {
    const folder = await tempDir();
    const [ours, theirs] = [join(folder, 'ours.avro'), join(folder, 'theirs.avro')];
    writeFileSync(ours, (await container('process', 'null', [processEvents])).bytes);
    await ask('rewrite', ours, theirs, CODECS[codec].avroName);
    const reading = await readAll(readFileSync(theirs));
    expect(reading.notes).toEqual([]);
    expect(plain(reading.events)).toEqual(plain(processEvents));
  });
});

describe('schemas and bare records', () => {
  it.each([
    ['process', 'ProcessEvent', 'process-full', fullProcessEvent],
    ['agent', 'AgentEvent', 'agent-full', fullAgentEvent],
  ] as const)('mean the same to fastavro: %s', async (stream, schema, golden, event) => {
    const schemaPath = join(root, 'schemas', `${schema}.v1.avsc`);
    const { json } = publishedSchema(stream);
    const identity = await ask<{ canonical: string; fingerprint: string }>('identify', schemaPath);
    expect(JSON.parse(identity.canonical)).toEqual(JSON.parse(canonicalForm(json)));
    const littleEndian = Buffer.alloc(8);
    littleEndian.writeBigUInt64LE(schemaFingerprint(json));
    expect(littleEndian.toString('hex')).toBe(identity.fingerprint);
    expect(await ask('read_bare', join(root, 'test', 'golden', `${golden}.bin`), schemaPath)).toEqual({ record: hexed(event), rest: 0 });
  });
});
