import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../src/core/any-event.ts';
import { canonicalForm, schemaFingerprint } from '../../src/encode/avro/fingerprint.ts';
import { CODECS, OCF_CODECS } from '../../src/encode/avro/ocf-codec.ts';
import { publishedSchema } from '../../src/encode/avro/schemas.ts';
import { askFastavro, installFastavro } from '../helpers/fastavro.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { container, plain, readAll } from '../unit/encode/files.ts';
import { fullAgentEvent, fullProcessEvent } from '../unit/encode/full-samples.ts';
import { asAgent, asProcess, execEvent, exitEvent, forkEvent } from '../unit/encode/samples.ts';

/** Our files in the hands of fastavro. */
beforeAll(installFastavro);

const root = fileURLToPath(new URL('../../', import.meta.url));

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
      const content = await askFastavro<FileContent>('read', path);
      expect(content.codec).toBe(CODECS[codec].avroName);
      expect(content.metadata).toMatchObject({ agent_id: 'a', first_sequence: '1' });
      expect(content.records).toEqual(hexed([...events, ...events.slice(0, 2)].map(({ event }) => event)));
    }
  });

  it('are read when fastavro wrote them', async () => {
    const folder = await tempDir();
    const [ours, theirs] = [join(folder, 'ours.avro'), join(folder, 'theirs.avro')];
    writeFileSync(ours, (await container('process', 'null', [processEvents])).bytes);
    await askFastavro('rewrite', ours, theirs, CODECS[codec].avroName);
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
    const identity = await askFastavro<{ canonical: string; fingerprint: string }>('identify', schemaPath);
    expect(JSON.parse(identity.canonical)).toEqual(JSON.parse(canonicalForm(json)));
    const littleEndian = Buffer.alloc(8);
    littleEndian.writeBigUInt64LE(schemaFingerprint(json));
    expect(littleEndian.toString('hex')).toBe(identity.fingerprint);
    expect(await askFastavro('read_bare', join(root, 'test', 'golden', `${golden}.bin`), schemaPath)).toEqual({
      record: hexed(event),
      rest: 0,
    });
  });
});
