import { readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RegistryClient } from '../../../../src/sink/registry/client.ts';
import { SchemaIds } from '../../../../src/sink/registry/schema-ids.ts';
import { RegistryStub } from '../../../helpers/registry-stub.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { OTHER, SCHEMA, registryConfig, wanted } from './records.ts';

const never = new AbortController().signal;

/** A registry and a place for ids; `run` is one run of an agent with both. */
async function start() {
  const stub = await RegistryStub.start();
  const folder = join(await tempDir(), 'registry');
  const run = (written: object = {}) => {
    const logged: string[] = [];
    const clock = { ms: 0 };
    const config = registryConfig({ url: stub.url, ...written });
    const client = new RegistryClient(config, () => Buffer.alloc(0));
    const log = {
      info: (_: object, text: string) => logged.push(`info ${text}`),
      warn: (_: object, text: string) => logged.push(`warn ${text}`),
    };
    const ids = new SchemaIds({ config, client, folder, log, now: () => clock.ms });
    onTestFinished(() => ids.close());
    return { ids, logged, clock };
  };
  return { stub, folder, run };
}

const down = () => ({ status: 503 });

/** How often the schema of `wanted()` was asked for. */
const questions = ({ requests }: RegistryStub): number => requests.filter(({ path }) => path.startsWith('/subjects/events-value')).length;

/** A question and its answer; by then what was begun before has been answered, too. */
async function roundTrip({ stub, ids }: { stub: RegistryStub; ids: SchemaIds }, topic: string): Promise<void> {
  stub.add(`${topic}-value`, SCHEMA);
  await ids.idOf(wanted(topic), never);
}

describe('the first run', () => {
  it('asks the registry', async () => {
    const { stub, run } = await start();
    const id = stub.add('events-value', SCHEMA);
    const { ids } = run();
    expect(ids.known(wanted())).toBeUndefined();
    expect(await ids.idOf(wanted(), never)).toBe(id);
    expect(ids.known(wanted())).toBe(id);
    expect(stub.requests).toHaveLength(1);
  });

  it('asks once for many who want the same', async () => {
    const { stub, run } = await start();
    stub.add('events-value', SCHEMA);
    const { ids } = run();
    expect(await Promise.all(Array.from({ length: 20 }, () => ids.idOf(wanted(), never)))).toEqual(Array.from({ length: 20 }, () => 1));
    expect(stub.requests).toHaveLength(1);
  });

  it('lets one of them give up without the others', async () => {
    const { stub, run } = await start();
    stub.add('events-value', SCHEMA);
    const { ids } = run();
    const stop = new AbortController();
    const waits = [ids.idOf(wanted(), stop.signal), ids.idOf(wanted(), never)] as const;
    stop.abort(new Error('stop'));
    await expect(waits[0]).rejects.toThrow('stop');
    expect(await waits[1]).toBe(1);
    await expect(ids.idOf(wanted('else'), stop.signal)).rejects.toThrow('stop');
  });

  it('holds where the schema is not registered, and goes on when it is', async () => {
    const { stub, run } = await start();
    const { ids } = run();
    await expect(ids.idOf(wanted(), never)).rejects.toMatchObject({
      code: 'SCHEMA_UNREGISTERED',
      category: 'hold',
      message: 'the schema forkcast.v1.ProcessEvent is not registered under the subject events-value',
      fix: 'Run forkcast schema register, or set registry.auto_register: true.',
    });
    expect(stub.versions('events-value')).toEqual([]);
    stub.add('events-value', SCHEMA);
    expect(await ids.idOf(wanted(), never)).toBe(1);
  });

  it('registers with auto_register, and says so', async () => {
    const { stub, run } = await start();
    const { ids, logged } = run({ auto_register: true, subject_strategy: 'topic_record_name' });
    expect(await ids.idOf(wanted(), never)).toBe(1);
    expect(stub.versions('events-forkcast.v1.ProcessEvent')).toEqual([1]);
    expect(logged).toEqual(['info registered a schema']);
    await expect(ids.idOf(wanted('events', OTHER), never)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' });
  });

  it('asks nobody for ids that are pinned', async () => {
    const { stub, run } = await start();
    const { ids } = run({ ids: { process: 42 } });
    expect(await ids.idOf(wanted(), never)).toBe(42);
    await expect(ids.idOf({ ...wanted(), stream: 'agent' }, never)).rejects.toMatchObject({ code: 'SCHEMA_UNREGISTERED' });
    expect(run({ url: [], ids: { process: 1, agent: 2 } }).ids.known({ ...wanted(), stream: 'agent' })).toBe(2);
    expect(stub.requests.every(({ path }) => path.startsWith('/subjects/'))).toBe(true);
  });
});

/** As `start`, after a run that learnt the id of `wanted()`. */
async function startKnowing() {
  const all = await start();
  all.stub.add('events-value', SCHEMA);
  const { ids } = all.run();
  await ids.idOf(wanted(), never);
  await ids.close();
  all.stub.requests.length = 0;
  return all;
}

describe('a later run', () => {
  it('starts while the registry is down, with the ids of the one before', async () => {
    const { stub, run } = await startKnowing();
    stub.answer = down;
    const { ids, logged } = run();
    expect(await ids.idOf(wanted(), never)).toBe(1);
    await waitFor(() => logged.length > 0, { what: 'the warning' });
    expect(logged).toEqual(['warn the ids of schemas cannot be confirmed; they are used as they were kept on the disk']);
    expect(ids.known(wanted())).toBe(1);
    await expect(ids.idOf(wanted('else'), never)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
  });

  it('asks a registry that was down again after a minute, not before', async () => {
    const { stub, run } = await startKnowing();
    stub.answer = down;
    const { ids, logged, clock } = run();
    await waitFor(() => (ids.known(wanted()), logged.length > 0), { what: 'the warning' });
    clock.ms = 59_999;
    ids.known(wanted());
    stub.answer = () => undefined;
    await roundTrip({ stub, ids }, 'else');
    expect(questions(stub)).toBe(1);
    stub.wipe(5);
    stub.add('events-value', SCHEMA);
    clock.ms = 60_000;
    await waitFor(() => ids.known(wanted()) === 6, { what: 'the new id' });
    expect(questions(stub)).toBe(2);
  });

  it('confirms an id once, in the background', async () => {
    const { stub, run } = await startKnowing();
    const { ids, logged } = run();
    for (let i = 0; i < 3; i++) expect(ids.known(wanted())).toBe(1);
    await roundTrip({ stub, ids }, 'a');
    ids.known(wanted());
    await roundTrip({ stub, ids }, 'b');
    expect(questions(stub)).toBe(1);
    const again = run();
    await again.ids.idOf(wanted(), never);
    await waitFor(() => questions(stub) === 2, { what: 'the question of the next run' });
    expect([...logged, ...again.logged]).toEqual([]);
  });

  it('uses the new id of a registry that has changed, and warns', async () => {
    const { stub, run } = await startKnowing();
    stub.wipe(5);
    stub.add('events-value', SCHEMA);
    const { ids, logged } = run();
    expect(ids.known(wanted())).toBe(1);
    await waitFor(() => ids.known(wanted()) === 6, { what: 'the new id' });
    expect(logged).toEqual([
      'warn the registry has changed: the schema of events-value has the id 6, it was 1; records from now on carry 6',
    ]);
    expect(run().ids.known(wanted())).toBe(6);
  });

  it('holds when the registry does not know the schema any more', async () => {
    const { stub, run } = await startKnowing();
    stub.wipe();
    const { ids, logged } = run();
    await waitFor(() => ids.known(wanted()) === undefined, { what: 'the id to be dropped' });
    expect(logged).toEqual(['warn the registry has changed: it does not know a schema any more, so its id is used no longer']);
    await expect(ids.idOf(wanted(), never)).rejects.toMatchObject({ code: 'SCHEMA_UNREGISTERED' });
    expect(run().ids.known(wanted())).toBeUndefined();
  });

  it('does not use an id for another schema, subject or registry', async () => {
    const { run } = await startKnowing();
    const { ids } = run();
    expect(ids.known(wanted('events', OTHER))).toBeUndefined();
    expect(ids.known(wanted('else'))).toBeUndefined();
    expect(run({ url: 'http://127.0.0.1:1' }).ids.known(wanted())).toBeUndefined();
  });
});

describe('the file', () => {
  it('is readable to its owner only, and whole', async () => {
    const { folder } = await startKnowing();
    const [name = '', ...others] = await readdir(folder);
    expect([others, name]).toEqual([[], expect.stringMatching(/^[0-9a-f]{16}\.json$/)]);
    expect([(await stat(folder)).mode & 0o777, (await stat(join(folder, name))).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(JSON.parse(await readFile(join(folder, name), 'utf8'))).toMatchObject({ version: 1, ids: [{ subject: 'events-value', id: 1 }] });
  });

  it.each(['', '{"version": 1, "ids": [', '{"version": 2, "ids": []}', '{"version": 1, "ids": [{"id": -1}]}', 'null'])(
    'is made anew, with a warning, when it is damaged: %s',
    async (text) => {
      const { folder, run } = await startKnowing();
      const [name = ''] = await readdir(folder);
      await writeFile(join(folder, name), text);
      const { ids, logged } = run();
      expect(ids.known(wanted())).toBeUndefined();
      expect(await ids.idOf(wanted(), never)).toBe(1);
      expect(logged[0]).toMatch(/^warn the ids of schemas that were kept on the disk cannot be read/);
      expect(run().ids.known(wanted())).toBe(1);
    },
  );

  it('that cannot be written costs no more than a warning', async () => {
    const { stub, folder, run } = await start();
    stub.add('events-value', SCHEMA);
    await writeFile(folder, '');
    const { ids, logged } = run();
    expect(await ids.idOf(wanted(), never)).toBe(1);
    expect(ids.known(wanted())).toBe(1);
    expect(logged).toContain('warn the ids of schemas cannot be kept on the disk; the next start will need the registry');
  });

  it('is not written through a link', async () => {
    const { folder, run } = await startKnowing();
    const [name = ''] = await readdir(folder);
    const target = join(await tempDir(), 'target');
    await writeFile(target, 'precious');
    await symlink(target, join(folder, `${name}.next`));
    const { ids, logged } = run({ auto_register: true });
    await ids.idOf(wanted('else'), never);
    expect(await readFile(target, 'utf8')).toBe('precious');
    expect(logged).toContain('warn the ids of schemas cannot be kept on the disk; the next start will need the registry');
  });

  it('keeps what two sinks with one registry learn', async () => {
    const { run } = await startKnowing();
    const [one, two] = [run({ auto_register: true }), run({ auto_register: true })];
    await one.ids.idOf(wanted('a'), never);
    await two.ids.idOf(wanted('b'), never);
    const { ids } = run();
    expect(['events', 'a', 'b'].map((topic) => ids.known(wanted(topic)))).toEqual([1, 1, 1]);
  });
});
