import { connect as dial, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { uuidBytes } from '../../src/core/uuid.ts';
import type { NatsSinkConfig } from '../../src/sink/nats/config.ts';
import { createNatsSink } from '../../src/sink/nats/create.ts';
import { compileEnsuredStream } from '../../src/sink/nats/ensure-config.ts';
import type { NatsSink } from '../../src/sink/nats/nats-sink.ts';
import { compileServers } from '../../src/sink/nats/servers-setting.ts';
import { NatsAdmin } from '../helpers/nats/admin.ts';
import type { ReadMessage } from '../helpers/nats/admin.ts';
import type { SingleNats } from '../helpers/nats/single-server.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { batch, batchOf, record, sequencesIn } from './records.ts';
import { sinkContract } from './sink-contract.ts';
import type { SinkFixture } from './sink-contract.ts';

const never = new AbortController().signal;
const schemas = {
  process: { stream: 'process', fullName: 'forkcast.v1.ProcessEvent', fingerprint: '0102030405060708', text: '{}' },
  agent: { stream: 'agent', fullName: 'forkcast.v1.AgentEvent', fingerprint: '1112131415161718', text: '{}' },
} as const;
/** Of the marker and the fingerprint. */
const PREFIX = 10;
const LENGTH = 4;

let sinks = 0;

/** A name that no other test has. */
function newName(served: Pick<SingleNats, 'own'>): string {
  return served.own(`sink-${(sinks += 1)}`);
}

export function natsSink(url: string, name: string, changes: Partial<NatsSinkConfig> = {}): NatsSink {
  const config: NatsSinkConfig = {
    servers: compileServers([url]),
    mode: 'jetstream',
    subject: `${name}.process.{kind}`,
    agentSubject: `${name}.agent.{kind}`,
    stream: name,
    ensureStream: null,
    format: 'avro',
    framing: 'single_object',
    message: { maxEvents: 1, maxBytes: 900_000 },
    window: { maxMessages: 4096, maxBytes: 8 * 2 ** 20 },
    name: 'test',
    inboxPrefix: '_INBOX',
    connectTimeoutMs: 10_000,
    ackTimeoutMs: 20_000,
    tls: null,
    auth: null,
    ...changes,
  };
  return createNatsSink(config, {
    id: 'nats',
    sinkId: uuidBytes('01970000-0000-7000-8000-00000000000c'),
    agentId: uuidBytes('01970000-0000-7000-8000-00000000000a'),
    hostId: uuidBytes('01970000-0000-7000-8000-00000000000b'),
    hostname: 'host',
    view: undefined,
    schemas,
    readSecret: () => Buffer.from('secret'),
    registryFolder: '/nonexistent',
    log: { info: () => undefined, warn: () => undefined },
  });
}

/** Sequences of the events in messages, whatever is around them. */
export function sequencesOf(messages: readonly ReadMessage[]): number[] {
  return messages.flatMap(({ body, headers }) => {
    const bytes = Buffer.from(body);
    if (headers.get('events') === '') return sequencesIn(bytes.subarray(PREFIX));
    const found: number[] = [];
    for (let at = 0; at < bytes.length; at += LENGTH + bytes.readUInt32BE(at))
      found.push(...sequencesIn(bytes.subarray(at + LENGTH + PREFIX, at + LENGTH + bytes.readUInt32BE(at))));
    return found;
  });
}

/** The law of sinks, kept with a real server. */
export function natsSinkLaw(mode: 'jetstream' | 'core', served: () => SingleNats): void {
  for (const maxEvents of [1, 100]) {
    const message = { maxEvents, maxBytes: 900_000 };
    sinkContract(`a NATS sink, mode ${mode}, ${maxEvents} to a message`, async (): Promise<SinkFixture> => {
      const admin = await NatsAdmin.connect(served());
      const name = newName(served());
      const heard = mode === 'core' ? await admin.listen(`${name}.>`) : undefined;
      if (mode === 'jetstream') await admin.createStream(name, { subjects: [`${name}.>`], storage: 'memory' });
      return {
        sink: natsSink(served().url, name, { mode, message }),
        record: (sequence, stream) => record(sequence, 16, stream),
        received: async () => {
          // What came before the answer has come.
          await admin.connection.flush();
          return sequencesOf(heard ?? (await admin.read(name)));
        },
        dispose: async () => {
          if (mode === 'jetstream') await admin.deleteStream(name);
          await admin.close();
        },
      };
    });
  }
}

interface Way {
  readonly url: string;
  readonly cut: () => void;
  /** What the server says does not arrive any more. */
  readonly deafen: () => void;
}

/** A way to the server that can be cut. */
async function cuttable(url: string): Promise<Way> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const pairs = new Map<Socket, Socket>();
  const server = createServer((near) => {
    const far = dial(Number(port), hostname);
    pairs.set(far, near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    pairs.clear();
  };
  const deafen = (): void => {
    for (const [far, near] of pairs) far.unpipe(near);
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return { url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`, cut, deafen };
}

/** What the sink does with a stream. */
export function natsStreamContract(served: () => SingleNats): void {
  async function arranged(config?: Parameters<NatsAdmin['createStream']>[1]): Promise<{ admin: NatsAdmin; name: string }> {
    const admin = await NatsAdmin.connect(served());
    const name = newName(served());
    if (config !== undefined) await admin.createStream(name, { subjects: [`${name}.>`], storage: 'memory', ...config });
    onTestFinished(async () => {
      await admin.deleteStream(name).catch(() => undefined);
      await admin.close();
    });
    return { admin, name };
  }
  async function opened(...of: Parameters<typeof natsSink>): Promise<NatsSink> {
    const sink = natsSink(...of);
    onTestFinished(() => sink.close());
    await sink.open(never);
    return sink;
  }

  describe('a NATS sink and its stream', () => {
    it('keeps what it has for a stream that is not there, and delivers it once there is one', async () => {
      const { admin, name } = await arranged();
      const sink = await opened(served().url, name);
      const events = batch(1, 3);
      await expect(sink.write(events, never)).rejects.toMatchObject({
        code: 'SINK_REFUSED',
        fix: expect.stringContaining(`nats stream add ${name}`) as string,
      });
      await admin.createStream(name, { subjects: [`${name}.>`], storage: 'memory' });
      await sink.write(events, never);
      expect(sequencesOf(await admin.read(name))).toEqual([1, 2, 3]);
    });

    it('creates the stream where it may, also when it is deleted meanwhile', async () => {
      const { admin, name } = await arranged();
      const values = { max_size: '1MiB', max_age: '1m', replicas: 1, dedupe_window: '2m', storage: 'memory', discard: 'new' } as const;
      const sink = await opened(served().url, name, {
        ensureStream: compileEnsuredStream(values, [`${name}.process.{kind}`, `${name}.agent.{kind}`]),
      });
      expect((await admin.info(name)).config).toMatchObject({ max_bytes: 2 ** 20, max_age: 60e9, duplicate_window: 60e9, discard: 'new' });
      await sink.write(batch(1, 3), never);
      await admin.deleteStream(name);
      const events = batch(4, 6);
      await expect(sink.write(events, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
      await sink.write(events, never);
      expect(sequencesOf(await admin.read(name))).toEqual([4, 5, 6]);
    });

    it('has only its own stream acknowledge', async () => {
      const { name } = await arranged({});
      const sink = await opened(served().url, name, { stream: `${name}-other` });
      await expect(sink.write(batch(1, 3), never)).rejects.toMatchObject({ code: 'SINK_REFUSED', context: { err_code: 10060 } });
    });

    it('takes nobody else’s answer for an acknowledgement', async () => {
      const { admin, name } = await arranged();
      admin.connection.subscribe(`${name}.>`, { callback: (_, message) => void message.respond('{"status":"ok","seq":1}') });
      await admin.connection.flush();
      const sink = await opened(served().url, name);
      await expect(sink.write(batch(1, 3), never)).rejects.toMatchObject({
        code: 'SINK_UNREACHABLE',
        message: expect.stringContaining('is not the stream') as string,
      });
    });

    it('waits for a stream that is full', async () => {
      const { admin, name } = await arranged({ max_msgs: 2, discard: 'new' as never });
      const sink = await opened(served().url, name);
      const events = batch(1, 3);
      await expect(sink.write(events, never)).rejects.toMatchObject({ code: 'SINK_REFUSED', context: { err_code: 10077 } });
      await admin.updateStream(name, { max_msgs: 10 });
      await sink.write(events, never);
      expect(sequencesOf(await admin.read(name))).toEqual([1, 2, 3]);
    });

    it('refuses what is too large for the stream, and delivers what is beside it', async () => {
      const { admin, name } = await arranged({ max_msg_size: 2000 });
      const sink = await opened(served().url, name, { message: { maxEvents: 50, maxBytes: 100_000 } });
      await expect(sink.write(batchOf(...batch(1, 9, 400).items, record(10, 5000), record(11)), never)).rejects.toMatchObject({
        code: 'RECORD_REJECTED',
        context: { rejected: [9], landed: 10 },
      });
      expect(sequencesOf(await admin.read(name)).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
    });

    it('refuses what is too large for the server, and delivers what is beside it', async () => {
      const { admin, name } = await arranged({});
      const limit = admin.connection.info?.max_payload ?? 0;
      const sink = await opened(served().url, name);
      await expect(sink.write(batchOf(record(1), record(2, limit), record(3)), never)).rejects.toMatchObject({
        code: 'RECORD_REJECTED',
        context: { rejected: [1], landed: 2, max_payload: limit },
      });
      expect(sequencesOf(await admin.read(name))).toEqual([1, 3]);
    });

    it('has once what it stored when its acknowledgements were lost', async () => {
      const { admin, name } = await arranged({});
      const way = await cuttable(served().url);
      for (const maxEvents of [1, 7]) {
        const sink = await opened(way.url, name, { message: { maxEvents, maxBytes: 100_000 } });
        await admin.purge(name);
        const events = batch(1000 * maxEvents, 1000 * maxEvents + 99);
        way.deafen();
        const writing = expect(sink.write(events, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
        await waitFor(async () => (await admin.count(name)) === Math.ceil(100 / maxEvents), {
          what: 'all to be stored',
          timeoutMs: 20_000,
        });
        way.cut();
        await writing;
        await sink.write(events, never);
        expect(sequencesOf(await admin.read(name))).toEqual(events.items.map(({ sequence }) => sequence));
      }
    });

    it('delivers each event once, and in order, however often the connection breaks', async () => {
      const { admin, name } = await arranged({});
      const way = await cuttable(served().url);
      const sink = await opened(way.url, name, { window: { maxMessages: 50, maxBytes: 64 * 1024 } });
      const batches = Array.from({ length: 40 }, (_, i) => batch(50 * i + 1, 50 * i + 50));
      let failed = 0;
      const pending = batches.values();
      const written = async (): Promise<void> => {
        for (const events of pending) {
          if (events.items[0]?.sequence !== undefined && (events.items[0].sequence - 1) % 250 === 0) setImmediate(way.cut);
          for (let isIn = false; !isIn;)
            isIn = await sink.write(events, never).then(
              () => true,
              (error: unknown) => {
                expect(error).toMatchObject({ code: 'SINK_UNREACHABLE' });
                failed += 1;
                return false;
              },
            );
        }
      };
      await Promise.all(Array.from({ length: sink.maxInFlight }, written));
      expect(sequencesOf(await admin.read(name))).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
      expect(failed).toBeGreaterThan(0);
    });
  });
}
