import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { logLines } from '../../helpers/agent-log.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import { startNats } from '../../helpers/nats/start.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start builds the server. */
const TEST_MS = 10 * 60_000;
const PATIENCE_MS = 60_000;

describe.skipIf((await missingNats()) !== undefined)('an agent whose only server is about to stop', () => {
  it(
    'says so, keeps its events, and delivers all of them when the server is back',
    async () => {
      const dir = await tempDir();
      const server = await startNats();
      onTestFinished(() => server.close());
      const connected = async (): Promise<NatsAdmin> => {
        const admin = await NatsAdmin.connect(server);
        onTestFinished(() => admin.close());
        return admin;
      };
      const before = await connected();
      const file = join(dir, 'forkcast.json');
      const sink = {
        type: 'nats',
        servers: [server.url],
        ensure_stream: { max_size: '64MiB' },
        queue: { type: 'disk' },
        retry: { max: '200ms' },
      };
      await writeFile(file, JSON.stringify({ source: { type: 'synthetic', synthetic: { rate: 500 } }, sinks: { siem: sink } }));
      const agent = new AgentProcess({ dir, eyes: true, args: ['-c', file] });
      await waitFor(async () => (await before.count('FORKCAST')) > 100, { what: 'events in the stream', timeoutMs: PATIENCE_MS });

      server.lameDuck();
      const said = (): string => logLines(agent.stderr).find(({ code }) => code !== undefined)?.msg ?? '';
      await waitFor(() => said() !== '', { what: 'what the agent says', timeoutMs: PATIENCE_MS });
      await server.kill();
      await server.restart();
      const again = (): boolean => logLines(agent.stderr).some(({ msg }) => msg === 'delivering again');
      await waitFor(again, { what: 'the agent to deliver again', timeoutMs: PATIENCE_MS });
      const { code, stderr } = await agent.stop();

      expect(code, stderr).toBe(0);
      // What was on its way when the streams went is answered by nobody until the connection ends.
      expect(said()).toMatch(/(is about to stop, and no other server was to be had|the connection was lost); trying again$/);
      const after = await connected();
      const identities = (await after.read('FORKCAST')).flatMap(({ headers }) =>
        headers.get('event-id') === '' ? [] : [headers.get('event-id')],
      );
      const sequences = identities.map((id) => Number(id.split(':')[1])).toSorted((a, b) => a - b);
      expect(sequences).toEqual(sequences.map((_, index) => index + 1));
    },
    TEST_MS,
  );
});
