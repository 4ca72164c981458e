import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentProcess, FORKCAST } from '../../helpers/agent-process.ts';
import { ecsViolations } from '../../helpers/ecs-validator.ts';
import { chooseBroker } from '../../helpers/kafka/choose-broker.ts';
import type { ReadRecord } from '../../helpers/kafka/read-topic.ts';
import { startSingleBroker } from '../../helpers/kafka/single-broker.ts';
import type { SingleBroker } from '../../helpers/kafka/single-broker.ts';
import { ocsfViolations } from '../../helpers/ocsf-validator.ts';
import { runCommand } from '../../helpers/run-command.ts';
import { parseStrictly } from '../../helpers/strict-json.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;
const EVENTS = 2000;

const choice = await chooseBroker();

describe.skipIf(choice.kind === 'none')('topics of JSON records', () => {
  let broker: SingleBroker;
  beforeAll(async () => {
    broker = await startSingleBroker(choice, {});
  }, START_MS);
  afterAll(() => broker?.close());

  const headersOf = ({ headers }: ReadRecord): Record<string, string> =>
    Object.fromEntries(headers.map(([name, value]) => [name, String(value)]));

  test('have valid records by ECS and OCSF, say so in the headers, and are no evidence for verify', async () => {
    const dir = await tempDir();
    const config = join(dir, 'forkcast.json');
    const sink = (name: string, settings: object): object => ({
      type: 'kafka',
      brokers: broker.bootstrap.split(','),
      topic: broker.topic(name),
      ...settings,
    });
    const sinks = { ecs: sink('ecs', { format: 'ecs' }), ocsf: sink('ocsf', { format: 'ocsf', ocsf_version: '1.5.0' }) };
    for (const name of Object.keys(sinks)) for (const topic of [name, `${name}-agent`]) await broker.admin.createTopic(broker.topic(topic));
    await writeFile(config, JSON.stringify({ source: { type: 'synthetic', synthetic: { events: EVENTS, rate: 5000 } }, sinks }));
    expect(await new AgentProcess({ dir, eyes: true, args: ['-c', config] }).ended).toMatchObject({ code: 0 });
    const judges = {
      ecs: { schema: 'ecs/9.4.0', violations: ecsViolations },
      ocsf: { schema: 'ocsf/1.5.0', violations: (record: Record<string, unknown>) => ocsfViolations(record, '1.5.0') },
    };
    for (const [name, { schema, violations }] of Object.entries(judges)) {
      const read = [...(await broker.admin.read(broker.topic(name))), ...(await broker.admin.read(broker.topic(`${name}-agent`)))];
      expect(read.length).toBeGreaterThan(EVENTS / 2);
      expect(read.flatMap(({ value }) => violations(parseStrictly(value ?? Buffer.alloc(0))))).toEqual([]);
      const told = new Set(read.map((record) => `${headersOf(record)['schema']} ${headersOf(record)['content-type']}`));
      expect([...told]).toEqual([`${schema} application/json`]);
      const { code, stderr } = await runCommand(FORKCAST, ['verify', '--kafka', broker.bootstrap, '--topic', broker.topic(name)]);
      expect(code).not.toBe(0);
      expect(stderr).toContain(`is JSON (${schema}): completeness is proven by Avro records only`);
    }
  });
});
