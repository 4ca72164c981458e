import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { batch, batchOf, record } from '../../contract/records.ts';
import { natsSink, natsSinkLaw, natsStreamContract, sequencesOf } from '../../contract/nats-sink-contract.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { chooseNats, missingNats } from '../../helpers/nats/server-binary.ts';
import { startSingleNats } from '../../helpers/nats/single-server.ts';
import type { SingleNats } from '../../helpers/nats/single-server.ts';
import { startNats } from '../../helpers/nats/start.ts';

/** The first start builds the server. */
const START_MS = 10 * 60_000;
const never = new AbortController().signal;

const choice = await chooseNats();
const canStartOwn = (await missingNats()) === undefined;
let served: SingleNats;

describe.skipIf(choice.kind === 'none')('with a server', () => {
  beforeAll(async () => {
    served = await startSingleNats(choice);
  }, START_MS);
  afterAll(() => served?.close());

  natsSinkLaw('jetstream', () => served);
  natsSinkLaw('core', () => served);
  natsStreamContract(() => served);
});

describe.skipIf(!canStartOwn)('with a server that allows some subjects only', () => {
  it('counts nothing as delivered without a stream that the server refused', { timeout: START_MS }, async () => {
    const server = await startNats({
      auth: { kind: 'user', user: 'agent', password: 'secret' },
      permissions: { publish: { allow: ['f.process.>'] } },
    });
    onTestFinished(() => server.close());
    const admin = await NatsAdmin.connect(server);
    onTestFinished(() => admin.close());
    const heard = await admin.listen('f.>');
    const sink = natsSink(server.url, 'f', { mode: 'core', auth: { kind: 'password', user: 'agent', secret: { from: 'env', name: 'X' } } });
    onTestFinished(() => sink.close());
    await sink.open(never);
    await sink.write(batch(1, 100), never);
    // Each second one is refused.
    const mixed = batchOf(...Array.from({ length: 3000 }, (_, i) => record(101 + i, 16, i % 2 === 0 ? 'process' : 'agent')));
    for (let i = 0; i < 3; i += 1)
      await expect(sink.write(mixed, never)).rejects.toMatchObject({
        code: 'SINK_REFUSED',
        message: expect.stringContaining('f.agent.gap') as string,
      });
    await admin.connection.flush();
    const found = sequencesOf(heard);
    expect(found.filter((sequence) => sequence > 100 && sequence % 2 === 0)).toEqual([]);
    expect(found.length).toBe(100 + 1500);
  });
});
