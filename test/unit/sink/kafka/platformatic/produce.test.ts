import { expect, test } from 'vitest';
import { Connections } from '../../../../../src/sink/kafka/platformatic/connections.ts';
import { produceApi } from '../../../../../src/sink/kafka/platformatic/produce.ts';
import { reactionTo } from '../../../../../src/sink/kafka/reaction.ts';
import { settingsOf, startStubBroker } from './stub-broker.ts';

const request = { topic: 't', partition: 0, batch: Buffer.alloc(1), timeoutMs: 1000 };

test.each([
  ['names no partition', Buffer.from([0, 1, 0, 0, 0, 0, 0])],
  ['ends too early', Buffer.from([0, 2, 2, 0x74, 2, 0, 0])],
])('an answer that %s says nothing of the records, which go again as they are', async (_, produced) => {
  await using odd = await startStubBroker({ produced });
  const connections = new Connections(settingsOf({}));
  const { connection } = await connections.to(odd.broker);
  await expect(produceApi(11).async(connection, request)).rejects.toMatchObject({ fault: 'ANSWER' });
  expect(reactionTo('ANSWER')).toMatchObject({ action: 'again', outcome: 'unknown' });
  await connections.close();
});
