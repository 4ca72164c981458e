import { appendFile, chmod, mkdir, readFile, readdir, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import { uuidBytes } from '../../../../src/core/uuid.ts';
import { DeadLetterStore } from '../../../../src/sink/dead-letter/dead-letter-store.ts';
import type { DeadLetterDeps } from '../../../../src/sink/dead-letter/dead-letter-store.ts';
import type { DeadLetter } from '../../../../src/sink/dead-letter/line.ts';
import { readLetters } from '../../../../src/sink/dead-letter/read-letters.ts';
import { failingDisk } from '../../../contract/failing-disk.ts';
import type { Fault } from '../../../contract/failing-disk.ts';
import { batch, record } from '../../../contract/records.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const AGENT = '0f1e2d3c-0000-4000-8000-000000000001';
const tooLarge = new AgentError('RECORD_REJECTED', 'larger than\nthe broker takes \u202e');

interface Told {
  readonly errors: object[];
}

async function makeStore(of: Partial<DeadLetterDeps> = {}, maxBytes = 1 << 20): Promise<{ store: DeadLetterStore; folder: string } & Told> {
  const folder = of.folder ?? join(await tempDir(), 'state', 'dead-letter', 'siem');
  const errors: object[] = [];
  const store = new DeadLetterStore(
    { maxBytes },
    {
      sink: 'siem',
      sinkId: null,
      agentId: AGENT,
      format: 'avro',
      clock: { nowUs: () => 1_700_000_000_123_456, monotonicNs: () => 0 },
      log: { error: (fields) => void errors.push(fields) },
      ...of,
      folder,
    },
  );
  return { store, folder, errors };
}

async function lettersIn(folder: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { lines } of readLetters(folder)) {
    for (const line of lines) {
      if (!('letter' in line)) throw new Error(line.damage);
      letters.push(line.letter);
    }
  }
  return letters;
}

const sequencesIn = async (folder: string): Promise<number[]> => (await lettersIn(folder)).map(({ sequence }) => sequence);

describe('what is kept', () => {
  test('the record with its reason, readable by its owner only', async () => {
    const { store, folder } = await makeStore();
    const bad = record(7, 100);
    await store.add([bad], tooLarge);
    expect(await lettersIn(folder)).toEqual([
      {
        time: '2023-11-14T22:13:20.123Z',
        sink: 'siem',
        sinkId: null,
        code: 'RECORD_REJECTED',
        reason: tooLarge.message,
        agentId: AGENT,
        sequence: 7,
        stream: 'process',
        kind: 'EXEC',
        eventTimeUs: bad.timeUs,
        format: 'avro',
        bytes: bad.bytes,
      },
    ]);
    const [name] = await readdir(folder);
    expect(name).toBe('dead-0000000001.ndjson');
    expect((await stat(join(folder, name ?? ''))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await store.close();
  });

  test('of a record of an earlier run, whose it was and what its bytes are', async () => {
    const { store, folder } = await makeStore();
    const former = '11111111-2222-4333-8444-555555555555';
    const old: Encoded = { ...record(7), origin: { agentId: uuidBytes(former), format: 'avro of old' } };
    await store.add([old], tooLarge);
    await store.close();
    expect(await lettersIn(folder)).toMatchObject([{ agentId: former, format: 'avro of old' }]);
  });

  test('nothing is made before it is needed, and nothing is left of an attempt', async () => {
    const { store, folder } = await makeStore();
    await store.close();
    await store.close();
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(store.add([record(1)], tooLarge)).rejects.toMatchObject({ code: 'BUG' });
  });

  test('each run begins a file, so that a torn line is the last of its file', async () => {
    const first = await makeStore();
    await first.store.add([record(1)], tooLarge);
    await first.store.close();
    await appendFile(join(first.folder, 'dead-0000000001.ndjson'), '{"v":1,"time":"20');
    const second = await makeStore({ folder: first.folder });
    await second.store.add([record(2)], tooLarge);
    await second.store.close();
    expect(await sequencesIn(first.folder)).toEqual([1, 2]);
    const torn: number[] = [];
    for await (const file of readLetters(first.folder)) torn.push(file.torn?.bytes ?? 0);
    expect(torn).toEqual([17, 0]);
  });

  test('many at once share the way to the disk', async () => {
    let syncs = 0;
    const decide = (operation: string): Fault => {
      if (operation === 'datasync') syncs += 1;
      return undefined;
    };
    const { store, folder } = await makeStore({ openFile: failingDisk(decide) });
    await Promise.all(Array.from({ length: 100 }, (_, i) => store.add([record(i + 1)], tooLarge)));
    await store.close();
    expect(await sequencesIn(folder)).toHaveLength(100);
    expect(syncs).toBeLessThan(5);
  });
});

describe('room', () => {
  test('beyond its size the oldest goes, counted and told; nothing of another name does', async () => {
    const { store, folder, errors } = await makeStore({}, 64 * 1024);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    await writeFile(join(folder, 'notes.txt'), 'x'.repeat(100_000));
    for (let i = 1; i <= 200; i += 1) await store.add([record(i, 500)], tooLarge);
    await store.close();
    const kept = await sequencesIn(folder);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 201 - kept.length + i));
    expect(store.removed).toBe(200 - kept.length);
    expect(errors.reduce((sum: number, fields) => sum + (fields as { records: number }).records, 0)).toBe(store.removed);
    const names = (await readdir(folder)).filter((name) => name !== 'notes.txt');
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(64 * 1024);
    expect(kept.length).toBeGreaterThan(40);
  });
});

describe('trouble with the disk', () => {
  /** Faults of one kind of operation, one a call. */
  const script = (operation: string, ...faults: Fault[]): { openFile: DeadLetterDeps['openFile'] & {} } => ({
    openFile: failingDisk((seen) => (seen === operation ? faults.shift() : undefined)),
  });

  test('a full disk refuses the records as something that may pass, and leaves no torn line', async () => {
    const { store, folder } = await makeStore(script('write', undefined, { after: 10 }, 'ENOSPC'));
    await store.add([record(1)], tooLarge);
    await expect(store.add([record(2)], tooLarge)).rejects.toMatchObject({
      code: 'FILE_IO',
      retry: 'backoff',
      context: { errno: 'ENOSPC' },
    });
    await store.add([record(2)], tooLarge);
    await store.close();
    expect(await sequencesIn(folder)).toEqual([1, 2]);
  });

  test('a failed sync is not repeated: the records go into another file', async () => {
    const { store, folder } = await makeStore(script('datasync', undefined, 'EIO'));
    await store.add([record(1)], tooLarge);
    await store.add([record(2)], tooLarge);
    await store.add([record(3)], tooLarge);
    await store.close();
    expect(await readdir(folder)).toHaveLength(2);
    expect(await sequencesIn(folder)).toEqual([1, 2, 2, 3]);
  });

  test('syncs that go on failing refuse the records', async () => {
    const { store } = await makeStore(script('datasync', 'EIO', 'EIO'));
    await expect(store.add([record(1)], tooLarge)).rejects.toMatchObject({ code: 'FILE_IO' });
    await store.add([record(1)], tooLarge);
    await store.close();
  });

  test('a file that somebody removes under it is replaced, and a folder too', async () => {
    const { store, folder } = await makeStore();
    await store.add([record(1)], tooLarge);
    await unlink(join(folder, 'dead-0000000001.ndjson'));
    await store.add([record(2)], tooLarge);
    await store.close();
    expect(await sequencesIn(folder)).toEqual([2]);
  });

  test('a folder that is not safe is refused, as something a person has to mend', async () => {
    const folder = join(await tempDir(), 'letters');
    await symlink('/tmp', folder);
    const { store } = await makeStore({ folder });
    await expect(store.add([record(1)], tooLarge)).rejects.toMatchObject({ code: 'DATA_DIR_UNSAFE' });
    await store.close();
  });
});

describe('reading', () => {
  test('damaged lines are told with their place, the others are read', async () => {
    const { store, folder } = await makeStore();
    await store.add(batch(1, 3).items, tooLarge);
    await store.close();
    const path = join(folder, 'dead-0000000001.ndjson');
    const lines = (await readFile(path, 'utf8')).split('\n');
    lines[1] = lines[1]?.replace('"sequence":2', '"sequence":-2') ?? '';
    await writeFile(path, `${lines.slice(0, 3).join('\n')}\nnull\n{"v":2}\nrubbish\n{"v":1}\n`);
    const seen: unknown[] = [];
    for await (const file of readLetters(folder)) {
      for (const line of file.lines) seen.push('letter' in line ? line.letter.sequence : [line.line, line.damage]);
    }
    expect(seen).toEqual([
      1,
      [2, 'has no usable sequence'],
      3,
      [4, 'is not an object'],
      [5, 'is of another version'],
      [6, 'is not JSON'],
      [7, 'has no usable time'],
    ]);
  });

  test('a folder that is not there holds nothing', async () => {
    expect(await lettersIn(join(await tempDir(), 'none'))).toEqual([]);
  });
});
