import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { logLines } from '../../helpers/agent-log.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { EventTally } from '../../helpers/nats/event-tally.ts';
import { NOTHING_ASTRAY } from '../../helpers/run-tally.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import { startNats } from '../../helpers/nats/start.ts';
import { StreamFlow } from '../../helpers/nats/stream-flow.ts';
import { lastOf, stopWhole } from '../../helpers/whole-run.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { verify } from '../../helpers/verify.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** By `npm run campaign:nats` a minute. */
const IS_CAMPAIGN = process.env['FORKCAST_CAMPAIGN'] !== undefined;
const OUTAGE_MS = IS_CAMPAIGN ? 60_000 : 6000;
const EVENTS_PER_SECOND = 5000;
/** The first may build the server. */
const RUN_MS = 12 * 60_000;
const STREAM = 'FORKCAST';
/** An agent takes about 110 MiB at this rate with a server that is up. */
const MAX_RSS_KIB = 256 * 1024;

describe.skipIf((await missingNats()) !== undefined)('an agent whose server is down', () => {
  /** The most memory that it has had, KiB. */
  async function peakOf({ pid }: AgentProcess): Promise<number> {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
  }

  it(
    'keeps all events in bounded memory without many words, and delivers them when it is up again',
    async () => {
      const server = await startNats();
      onTestFinished(() => server.close());
      const dir = await tempDir();
      const config = join(dir, 'forkcast.json');
      // By default it waits for up to half a minute.
      const retry = IS_CAMPAIGN ? {} : { max: '500ms' };
      const siem = { type: 'nats', servers: [server.url], ensure_stream: { max_size: '1GiB' }, queue: { type: 'disk' }, retry };
      const source = { type: 'synthetic', threads: true, synthetic: { rate: EVENTS_PER_SECOND } };
      const timing = { checkpoint_interval: '500ms', shutdown_timeout: '2m' };
      await writeFile(config, JSON.stringify({ agent: timing, source, sinks: { siem } }));
      const flow = new StreamFlow([server], STREAM);
      onTestFinished(() => flow.end());
      const agent = new AgentProcess({ dir, eyes: true, args: ['-c', config] });
      const said = (): string => agent.stderr;

      await flow.reaches(EVENTS_PER_SECOND, said);
      const before = await peakOf(agent);
      await server.kill();
      const since = performance.now();
      await waitFor(() => performance.now() - since >= OUTAGE_MS, { what: 'the outage to pass', timeoutMs: 2 * OUTAGE_MS });
      const during = await peakOf(agent);
      await server.restart();
      await flow.reaches(((OUTAGE_MS / 1000) * EVENTS_PER_SECOND * 3) / 4, said);
      const peak = await peakOf(agent);
      const record = await stopWhole(agent);
      await flow.end();

      const admin = await NatsAdmin.connect(server);
      onTestFinished(() => admin.close());
      const tally = new EventTally();
      await admin.visit(STREAM, (message) => tally.add(message));
      const lines = logLines(agent.stderr).filter(({ sink }) => sink === 'siem');
      if (IS_CAMPAIGN)
        console.log({ events: lastOf(record), stallMs: flow.longestStallMs, rssKib: { before, during, peak }, lines: lines.length });
      expect(lastOf(record)).toBeGreaterThan((OUTAGE_MS / 1000) * EVENTS_PER_SECOND * 0.7);
      expect(tally.compare(record.agent_id, lastOf(record))).toEqual(NOTHING_ASTRAY);
      expect({ runs: tally.runs.size, again: tally.again, astray: tally.astray }).toEqual({ runs: 1, again: 0, astray: [] });
      const { code, report } = await verify('--jetstream', '-c', config);
      expect(report).toMatchObject({ ok: true, unaccounted: 0, unproven_tail: 0, blind: [], damaged_records: 0, foreign_messages: 0 });
      expect(report.runs).toMatchObject([{ state: 'stopped', findings: [], duplicates: 0, expected: lastOf(record) }]);
      expect(code).toBe(0);
      expect(peak).toBeLessThan(MAX_RSS_KIB);
      expect(lines.map(({ msg }) => msg)).toEqual([
        expect.stringMatching(/created it$/),
        expect.stringMatching(/; trying again$/),
        'delivering again',
      ]);
    },
    RUN_MS,
  );
});
