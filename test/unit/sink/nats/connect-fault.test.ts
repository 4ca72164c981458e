import { expect, test } from 'vitest';
import { connectToAny } from '../../../../src/sink/nats/connect.ts';
import { freePorts } from '../../../helpers/free-ports.ts';

test('a server that is not there is told apart from one that cannot be reached', async () => {
  const [port = 0] = await freePorts(1);
  const server = { host: '127.0.0.1', port, encrypted: false };
  const config = { servers: [server], name: '', inboxPrefix: '_INBOX', connectTimeoutMs: 5000, tls: null, auth: null };
  const deps = { readSecret: () => Buffer.alloc(0), signal: new AbortController().signal };
  await expect(connectToAny(config, [server], deps)).rejects.toMatchObject({
    code: 'SINK_UNREACHABLE',
    message: `127.0.0.1:${port}: ECONNREFUSED`,
    fix: 'Start the server, or correct its address in servers: nothing listens there.',
  });
});
