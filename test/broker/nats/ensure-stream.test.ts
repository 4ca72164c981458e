import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentError } from '../../../src/core/errors.ts';
import { NatsDialer } from '../../../src/sink/nats/dialer.ts';
import type { NatsSinkConfig } from '../../../src/sink/nats/config.ts';
import { compileServers } from '../../../src/sink/nats/servers-setting.ts';
import type { EnsuredStream } from '../../../src/sink/nats/ensure-config.ts';
import { ensureStream } from '../../../src/sink/nats/ensure-stream.ts';
import { streamState, whyUnheard } from '../../../src/sink/nats/stream-state.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import type { NatsServer } from '../../helpers/nats/server.ts';
import { startNats } from '../../helpers/nats/start.ts';

const START_MS = 10 * 60_000;
const TIMEOUT_MS = 20_000;
const AUTH = { kind: 'user', user: 'agent', password: 'agent-secret' } as const;
const INFO = '$JS.API.STREAM.INFO.EVENTS';
const CREATE = '$JS.API.STREAM.CREATE.EVENTS';
const WANTED: EnsuredStream = {
  subjects: ['events.*'],
  maxBytes: 2 ** 20,
  maxAgeMs: 60_000,
  replicas: 1,
  dedupeWindowMs: 30_000,
  storage: 'file',
  discard: 'new',
};

describe.skipIf((await missingNats()) !== undefined)('a stream that is created on request', () => {
  let server: NatsServer;
  let admin: NatsAdmin;

  beforeAll(async () => {
    server = await startNats({ auth: AUTH });
    admin = await NatsAdmin.connect(server);
  }, START_MS);
  afterAll(async () => {
    await admin?.close();
    await server?.close();
  });

  /** As an agent with these rights would have it. */
  async function ensuring(rights: readonly string[], changes: Partial<EnsuredStream> & { name?: string } = {}): Promise<string> {
    await server.reconfigure({ permissions: { publish: { allow: rights } } });
    const connection = await connect({ servers: [server.url], user: AUTH.user, pass: AUTH.password, reconnect: false });
    try {
      return await ensureStream(connection, { ...WANTED, name: 'EVENTS', timeoutMs: TIMEOUT_MS, ...changes });
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      return `${error.code} ${error.message} | ${error.fix}`;
    } finally {
      await connection.close();
    }
  }

  it('says which right is missing, and holds', async () => {
    expect(await ensuring(['events.>'])).toBe(
      `SINK_REFUSED the agent may not ask whether the stream EVENTS is there | Allow it to publish to ${INFO}, or create the stream by hand and remove ensure_stream.`,
    );
    const uncreated = await ensuring([INFO]);
    expect(uncreated).toContain(
      `SINK_REFUSED there is no stream EVENTS, and the agent may not create it | Allow it to publish to ${CREATE}, or`,
    );
    expect(uncreated).toContain('nats stream add EVENTS');
  });

  it('says what is to be changed where the server does not create it', async () => {
    expect(await ensuring([INFO, CREATE], { maxBytes: 2 ** 50 })).toMatch(
      /^SINK_REFUSED .* \| Lower ensure_stream\.max_size \(now 1024TiB\)/,
    );
    expect(await ensuring([INFO, CREATE], { replicas: 3 })).toMatch(/^SINK_REFUSED .* \| Correct ensure_stream/);
    await admin.createStream('OTHERS', { subjects: ['events.*'] });
    expect(await ensuring([INFO, CREATE])).toMatch(/^SINK_REFUSED .* \| Set stream to the one that takes these subjects/);
    await admin.deleteStream('OTHERS');
  });

  it('is created as it was asked for, and left as it is afterwards', async () => {
    expect(await ensuring([INFO, CREATE])).toBe('created');
    expect(await ensuring([INFO, CREATE], { maxBytes: 2 ** 21 })).toBe('there');
    const { config } = await admin.info('EVENTS');
    expect(config).toMatchObject({ max_bytes: 2 ** 20, discard: 'new', duplicate_window: 30e9, max_age: 60e9, subjects: ['events.*'] });
  });

  it('is not asked about again when a connection was lost, for nobody may answer then', async () => {
    const config: NatsSinkConfig = {
      servers: compileServers([server.url]),
      name: 'forkcast',
      inboxPrefix: '_INBOX',
      connectTimeoutMs: TIMEOUT_MS,
      tls: null,
      auth: { kind: 'password', user: AUTH.user, secret: { from: 'env', name: 'PASSWORD' } },
      mode: 'jetstream',
      subject: 'events.{kind}',
      agentSubject: 'events.agent',
      stream: 'EVENTS',
      ensureStream: WANTED,
      format: 'avro',
      framing: 'single_object',
      message: { maxEvents: 1, maxBytes: 2 ** 20 },
      window: { maxMessages: 10, maxBytes: 2 ** 20 },
      ackTimeoutMs: TIMEOUT_MS,
    };
    const readSecret = (): Buffer => Buffer.from(AUTH.password);
    const dialer = new NatsDialer(config, { readSecret, onDuplicate: () => undefined, log: { info: () => undefined } });
    const never = new AbortController().signal;
    const rights = async (allow: readonly string[]): Promise<void> => server.reconfigure({ permissions: { publish: { allow } } });
    await rights(['events.>']);
    await expect(dialer.dial(never)).rejects.toThrow('may not ask whether');
    await rights([INFO, CREATE]);
    await (await dialer.dial(never)).close();
    await rights(['events.>']);
    await (await dialer.dial(never)).close();
  });

  it('takes other subjects by the command that is said', async () => {
    const state = await streamState(admin.connection, 'EVENTS', TIMEOUT_MS);
    const fault = whyUnheard(state, 'other.a', { name: 'EVENTS', subjects: ['other.*'] });
    expect([fault.code, fault.message]).toEqual(['SINK_REFUSED', 'the stream EVENTS takes events.*, and not other.a']);
    expect(fault.fix).toContain("nats stream edit EVENTS --subjects='events.*,other.*'");
  });
});
