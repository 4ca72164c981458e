import { describe, expect, test } from 'vitest';
import type { Encoded, Origin } from '../../../../src/core/encoded.ts';
import { uuidBytes } from '../../../../src/core/uuid.ts';
import { createAddressOf } from '../../../../src/sink/kafka/addresses.ts';
import type { AddressOptions } from '../../../../src/sink/kafka/addresses.ts';
import { TopicTemplate } from '../../../../src/sink/kafka/topic-template.ts';
import { record } from '../../../contract/records.ts';

const OWN = '01970000-0000-7000-8000-00000000000a';
const FORMER = '01960000-0000-7000-8000-00000000000b';
const hostKey = Buffer.from('host');

function options(changes: Partial<AddressOptions> = {}): AddressOptions {
  return {
    topics: { process: new TopicTemplate('events'), agent: new TopicTemplate('events-agent') },
    values: { host_id: 'h', hostname: 'n' },
    agentId: uuidBytes(OWN),
    hostKey,
    keyOf: undefined,
    contentOf: (stream, _topic, origin) => ({
      prefix: Buffer.from([stream === 'agent' ? 2 : 1]),
      headers: [['schema', origin?.format ?? 'newest']],
    }),
    ...changes,
  };
}

describe('the address of a record', () => {
  test('is made once for all records of a stream', async () => {
    let made = 0;
    const addressOf = createAddressOf(
      options({
        contentOf: () => {
          made += 1;
          return { prefix: new Uint8Array(0), headers: [] };
        },
      }),
    );
    const first = await addressOf(record(1));
    expect(addressOf(record(2))).toBe(first);
    expect(made).toBe(1);
    expect(first).toMatchObject({ topic: 'events', key: hostKey, envelope: { eventIdPrefix: `${OWN}:` } });
    expect(await addressOf(record(3, 16, 'agent'))).toMatchObject({ topic: 'events-agent' });
  });

  test('is that of the run that wrote the record', async () => {
    const addressOf = createAddressOf(options());
    const origin: Origin = { agentId: uuidBytes(FORMER), format: 'avro process=1 agent=2' };
    const former: Encoded = { ...record(1), origin };
    expect(await addressOf(former)).toMatchObject({
      envelope: { eventIdPrefix: `${FORMER}:`, headers: [['schema', 'avro process=1 agent=2']] },
    });
    expect(await addressOf(record(1))).toMatchObject({ envelope: { eventIdPrefix: `${OWN}:`, headers: [['schema', 'newest']] } });
  });

  test('follows the kind of the event where the topic does', async () => {
    const addressOf = createAddressOf(options({ topics: { process: new TopicTemplate('e-{kind}'), agent: new TopicTemplate('a') } }));
    expect((await addressOf(record(1))).topic).toBe('e-exec');
    expect((await addressOf({ ...record(2), kind: 'EXIT' })).topic).toBe('e-exit');
  });

  test('has the key of the record where it has one of its own', async () => {
    const addressOf = createAddressOf(options({ keyOf: ({ sequence }) => (sequence === 1 ? Buffer.from('entity') : undefined) }));
    expect(String((await addressOf(record(1))).key)).toBe('entity');
    expect((await addressOf(record(2))).key).toBe(hostKey);
  });

  test('is looked at once after each refresh, and made anew when it is no longer current', async () => {
    const [made, looks] = [[] as number[], [] as number[]];
    let newest = 7;
    const contentOf = () => {
      const id = newest;
      made.push(id);
      return { prefix: Buffer.from([id]), headers: [], isCurrent: () => (looks.push(id), id === newest) };
    };
    const addressOf = createAddressOf(options({ contentOf }));
    const first = await addressOf(record(1));
    newest = 3;
    expect(addressOf(record(2))).toBe(first);
    expect(looks).toEqual([]);
    addressOf.refresh?.();
    const second = await addressOf(record(3));
    expect(second.envelope.prefix).toEqual(Buffer.from([3]));
    addressOf.refresh?.();
    for (let i = 4; i < 10; i++) expect(addressOf(record(i))).toBe(second);
    expect({ made, looks }).toEqual({ made: [7, 3], looks: [7, 3] });
  });

  test('is not that of before when the one that is current cannot be had', async () => {
    let id = 7;
    const contentOf = () => {
      if (id === 0) return Promise.reject(new Error('not registered'));
      const own = id;
      return { prefix: Buffer.from([own]), headers: [], isCurrent: () => own === id };
    };
    const addressOf = createAddressOf(options({ contentOf }));
    await addressOf(record(1));
    id = 0;
    addressOf.refresh?.();
    for (let i = 0; i < 2; i++) await expect(Promise.resolve(addressOf(record(2)))).rejects.toThrow('not registered');
  });

  test('is asked for again when it could not be had', async () => {
    let failures = 1;
    const addressOf = createAddressOf(
      options({
        contentOf: () => (failures-- > 0 ? Promise.reject(new Error('no registry')) : { prefix: new Uint8Array(0), headers: [] }),
      }),
    );
    await expect(Promise.resolve(addressOf(record(1)))).rejects.toThrow('no registry');
    expect((await addressOf(record(1))).topic).toBe('events');
  });
});
