import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVENT_ID } from '../../../src/sink/kafka/record.ts';
import { logLines } from '../../helpers/agent-log.ts';
import type { LogLine } from '../../helpers/agent-log.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { KafkaAdmin } from '../../helpers/kafka/admin.ts';
import { startCluster } from '../../helpers/kafka/cluster.ts';
import type { Cluster } from '../../helpers/kafka/cluster.ts';
import { missingTools } from '../../helpers/kafka/java.ts';
import type { ReadRecord } from '../../helpers/kafka/read-topic.ts';
import { readyToProduce } from '../../helpers/kafka/ready-to-produce.ts';
import { verifyTopic } from '../../helpers/kafka/verify-topic.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;
const RUN_MS = 3 * 60_000;
const PATIENCE_MS = 60_000;
const EVENTS = 3000;
const SINKS = ['whole', 'narrow', 'strict', 'young'] as const;
/** Of a batch for the topic `narrow`: the agent makes them many times as large, and no record is. */
const NARROW_BYTES = 60_000;
/** Of a batch for the topic `strict`: some command lines are larger by themselves, all other records far smaller. */
const STRICT_BYTES = 10_000;
/** What a batch is besides the value of its one record, at most. */
const FRAME_BYTES = 400;
/** How old records for the topic `young` may be. */
const YOUNG_MS = 500;

/** By the id of their event; checkpoints have none. */
function byEvent(records: readonly ReadRecord[]): Map<string, ReadRecord> {
  const found = new Map<string, ReadRecord>();
  for (const record of records) {
    const [, id] = record.headers.find(([name]) => name === EVENT_ID) ?? [];
    if (id !== undefined) found.set(String(id), record);
  }
  return found;
}

const size = ({ value }: ReadRecord): number => value?.length ?? 0;

describe.skipIf((await missingTools()) !== undefined)('an agent at a broker that takes less than it sends', () => {
  let cluster: Cluster;
  let admin: KafkaAdmin;

  beforeAll(async () => {
    cluster = await startCluster();
    admin = new KafkaAdmin(cluster.bootstrap);
    await readyToProduce(cluster.bootstrap);
  }, START_MS);

  afterAll(async () => {
    await admin?.close();
    await cluster?.close();
  });

  async function configFile(dir: string): Promise<string> {
    const file = join(dir, 'forkcast.json');
    const of = (topic: string): object => ({
      type: 'kafka',
      brokers: [cluster.bootstrap],
      topic,
      compression: 'none',
      queue: { type: 'disk' },
      retry: { max: '500ms', hold: '1s' },
    });
    const sinks = Object.fromEntries(SINKS.map((name) => [name, of(name)]));
    await writeFile(
      file,
      JSON.stringify({ agent: { checkpoint_interval: '500ms' }, source: { type: 'synthetic', synthetic: { rate: 1000 } }, sinks }),
    );
    return file;
  }

  test(
    'splits batches, puts aside the records that are too large by themselves, and gives the old ones a new time',
    async () => {
      const dir = await tempDir();
      for (const name of SINKS) await admin.createTopic(`${name}-agent`);
      await admin.createTopic('whole');
      const agent = new AgentProcess({ dir, eyes: true, args: ['-c', await configFile(dir)] });
      const of = (name: string): LogLine[] => logLines(agent.stderr).filter(({ sink }) => sink === name);
      await waitFor(async () => (await admin.read('whole')).length >= EVENTS, {
        what: () => `events; said: ${agent.stderr}`,
        timeoutMs: PATIENCE_MS,
        everyMs: 200,
      });

      // What waits for the other topics is many batches by now, and old.
      const createdMs = Date.now();
      await admin.createTopic('narrow', { configs: { 'max.message.bytes': String(NARROW_BYTES) } });
      await admin.createTopic('strict', { configs: { 'max.message.bytes': String(STRICT_BYTES) } });
      await admin.createTopic('young', { configs: { 'message.timestamp.before.max.ms': String(YOUNG_MS) } });
      const waiting = SINKS.filter((name) => name !== 'whole');
      await waitFor(() => waiting.every((name) => of(name).some(({ msg }) => msg === 'delivering again')), {
        what: () => `all to deliver; said: ${agent.stderr}`,
        timeoutMs: PATIENCE_MS,
      });
      const { code, stderr } = await agent.stop();
      expect(code, stderr).toBe(0);

      const all = byEvent(await admin.read('whole'));
      const strict = byEvent(await admin.read('strict'));
      const young = byEvent(await admin.read('young'));
      const aside = [...all].flatMap(([id, record]) => (strict.has(id) ? [] : [record]));
      expect(aside.length).toBeGreaterThan(0);
      expect(Math.min(...aside.map(size))).toBeGreaterThan(STRICT_BYTES - FRAME_BYTES);
      expect(Math.max(...[...strict.values()].map(size))).toBeLessThan(STRICT_BYTES);

      for (const name of SINKS) {
        const { ok, unaccounted, runs } = await verifyTopic(cluster.bootstrap, name, `${name}-agent`);
        const declared = name === 'strict' ? { dead_lettered: aside.length } : {};
        expect({ name, ok, unaccounted, runs }).toMatchObject({ ok: true, unaccounted: 0, runs: [{ duplicates: 0, findings: [] }] });
        expect([name, runs[0]?.declared]).toEqual([name, declared]);
      }
      const refused = of('strict').find(({ code: error }) => error === 'RECORD_REJECTED');
      expect(refused?.msg).toBe('events put aside: larger than the topic strict takes, by its max.message.bytes (MESSAGE_TOO_LARGE)');
      expect(of('narrow').map(({ code: error }) => error)).not.toContain('RECORD_REJECTED');

      // The time of a record is that of its event where the broker takes it, and the present where it does not.
      expect(young.size).toBe(all.size);
      for (const [id, { timestamp, value }] of young) {
        const { timestamp: original, value: body } = all.get(id) as ReadRecord;
        expect(original).toBeLessThan(createdMs - 60_000);
        expect(timestamp).toBeGreaterThanOrEqual(createdMs - YOUNG_MS);
        expect(value?.equals(body as Buffer)).toBe(true);
      }
    },
    RUN_MS,
  );
});
