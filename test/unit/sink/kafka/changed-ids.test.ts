import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Encoded, Origin } from '../../../../src/core/encoded.ts';
import { uuidBytes } from '../../../../src/core/uuid.ts';
import { createAddressOf } from '../../../../src/sink/kafka/addresses.ts';
import { createContentOf } from '../../../../src/sink/framing/contents.ts';
import { Splitter } from '../../../../src/sink/kafka/splitter.ts';
import { TopicTemplate } from '../../../../src/sink/kafka/topic-template.ts';
import { SchemaIds } from '../../../../src/sink/registry/schema-ids.ts';
import { record } from '../../../contract/records.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const FINGERPRINT = '0102030405060708';
const agentId = uuidBytes('01970000-0000-7000-8000-00000000000a');
const origin: Origin = { agentId, format: `avro process=${FINGERPRINT} agent=${FINGERPRINT}` };

/** Runs of an agent with the same folder; `registered`: the id that the registry gives, undefined: it does not know the schema; it answers after `before`. */
async function start() {
  const folder = join(await tempDir(), 'registry');
  return (registered: number | undefined, before: Promise<void> = Promise.resolve()) => {
    const registry = { registered, isAnswering: true };
    const logged: string[] = [];
    const log = { info: (_: object, text: string) => logged.push(text), warn: (_: object, text: string) => logged.push(text) };
    const client = {
      lookup: async () => {
        await before;
        if (!registry.isAnswering) throw new Error('nobody answers');
        return registry.registered;
      },
      register: () => Promise.reject(new Error('nobody asked for it')),
    };
    const clock = { ms: 0 };
    const config = {
      urls: ['http://registry'],
      autoRegister: false,
      subjectStrategy: 'topic_name',
      pinned: { process: null, agent: null },
    } as const;
    const ids = new SchemaIds({ config, client, folder, log, now: () => clock.ms });
    onTestFinished(() => ids.close());
    const schema = { fullName: 'forkcast.v1.ProcessEvent', fingerprint: FINGERPRINT, text: '{}' };
    const schemas = { process: { ...schema, stream: 'process' }, agent: { ...schema, stream: 'agent' } } as const;
    const { signal } = new AbortController();
    const addressOf = createAddressOf({
      topics: { process: new TopicTemplate('events'), agent: new TopicTemplate('events-agent') },
      values: { host_id: 'h', hostname: 'n' },
      agentId,
      hostKey: Buffer.from('h'),
      keyOf: undefined,
      contentOf: createContentOf({ framing: 'confluent', schemas, hostId: 'h', ids, signal }),
    });
    const splitter = new Splitter(addressOf);
    /** Of the records of a batch. */
    const idsIn = async (...events: Encoded[]): Promise<number[]> => {
      const targets = await splitter.split(events, () => Promise.resolve(1));
      return targets.flatMap(({ records }) => records.map(({ envelope }) => Buffer.from(envelope.prefix).readUInt32BE(1)));
    };
    return { registry, logged, clock, idsIn };
  };
}

const live = record(1);
const spooled: Encoded = { ...record(2), origin };

describe('an id of a schema that changes', () => {
  test('is on the records of each batch from then on, those that waited in a spool too', async () => {
    const run = await start();
    expect(await run(7).idsIn(live, spooled)).toEqual([7, 7]);
    const answer = Promise.withResolvers<void>();
    const { idsIn, logged } = run(3, answer.promise);
    expect(await idsIn(live, spooled)).toEqual([7, 7]);
    answer.resolve();
    await waitFor(() => logged.length > 0, { what: 'the warning' });
    expect(logged).toEqual([expect.stringMatching(/records from now on carry 3$/)]);
    expect(await idsIn(live, spooled)).toEqual([3, 3]);
  });

  test('holds the records when the registry no longer knows the schema, and they go on when it does', async () => {
    const run = await start();
    await run(7).idsIn(live);
    const answer = Promise.withResolvers<void>();
    const { registry, idsIn, logged } = run(undefined, answer.promise);
    expect(await idsIn(live, spooled)).toEqual([7, 7]);
    answer.resolve();
    await waitFor(() => logged.length > 0, { what: 'the warning' });
    expect(logged).toEqual([expect.stringMatching(/its id is used no longer$/)]);
    for (const event of [live, spooled]) await expect(idsIn(event)).rejects.toMatchObject({ code: 'SCHEMA_UNREGISTERED' });
    registry.registered = 9;
    expect(await idsIn(live, spooled)).toEqual([9, 9]);
  });

  test('is learnt later from a registry that did not answer at first', async () => {
    const run = await start();
    await run(7).idsIn(live);
    const { registry, clock, idsIn, logged } = run(3);
    registry.isAnswering = false;
    expect(await idsIn(live)).toEqual([7]);
    await waitFor(() => logged.length > 0, { what: 'the warning' });
    registry.isAnswering = true;
    clock.ms = 60_000;
    expect(await idsIn(live)).toEqual([7]);
    await waitFor(() => logged.length > 1, { what: 'the other warning' });
    expect(await idsIn(live)).toEqual([3]);
  });
});
