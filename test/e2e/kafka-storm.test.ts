import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import avro from 'avsc';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runStorm } from '../../bench/storm/storm.ts';
import type { StormReport } from '../../bench/storm/storm.ts';
import type { ProcessEvent } from '../../src/core/event.ts';
import { AgentProcess, FORKCAST } from '../helpers/agent-process.ts';
import { drained } from '../helpers/connector-socket.ts';
import { askFastavro, installFastavro } from '../helpers/fastavro.ts';
import { KafkaAdmin } from '../helpers/kafka/admin.ts';
import { startCluster } from '../helpers/kafka/cluster.ts';
import type { Cluster } from '../helpers/kafka/cluster.ts';
import { missingTools } from '../helpers/kafka/java.ts';
import type { ReadRecord } from '../helpers/kafka/read-topic.ts';
import { TestRegistry } from '../helpers/kafka/registry.ts';
import { isRoot } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { verify } from '../helpers/verify.ts';

/** The first start fetches Apache Kafka and the registry, too. */
const START_MS = 6 * 60_000;
const PROCESSES = 5000;
const PROGRAM = '/bin/true';
const TAG = 'kafka';
const TOPIC = 'process-events';
const CONFLUENT_PREFIX = 5;

interface Consumed {
  readonly record: ReadRecord;
  readonly schemaId: number;
  readonly event: ProcessEvent;
}

/** A consumer as anybody would write it: it knows the registry's address, and nothing of forkcast. */
class Consumer {
  /** By id, as the registry gave them. */
  readonly schemas: Record<number, unknown> = {};
  readonly #registry: string;
  readonly #types = new Map<number, avro.Type>();

  constructor(registry: string) {
    this.#registry = registry;
  }

  async decode(records: readonly ReadRecord[]): Promise<Consumed[]> {
    const consumed: Consumed[] = [];
    for (const record of records) {
      const value = record.value as Buffer;
      if (value[0] !== 0) throw new Error(`offset ${record.offset} is not in Confluent's framing`);
      const schemaId = value.readUInt32BE(1);
      const type = this.#types.get(schemaId) ?? (await this.#fetch(schemaId));
      consumed.push({ record, schemaId, event: type.fromBuffer(value.subarray(CONFLUENT_PREFIX)) as ProcessEvent });
    }
    return consumed;
  }

  async #fetch(id: number): Promise<avro.Type> {
    const answer = await fetch(`${this.#registry}/schemas/ids/${id}`);
    expect(answer.status).toBe(200);
    const schema: unknown = JSON.parse(((await answer.json()) as { schema: string }).schema);
    const type = avro.Type.forSchema(schema as avro.Schema);
    this.schemas[id] = schema;
    this.#types.set(id, type);
    return type;
  }
}

const uuid = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
const argvOf = (n: number): string[] => [PROGRAM, `--storm-id=${TAG}-${n}`];

describe.skipIf(!isRoot || (await missingTools()) !== undefined)('from the live kernel to a real Kafka', () => {
  let cluster: Cluster;
  let registry: TestRegistry;
  let admin: KafkaAdmin;
  let storm: StormReport;
  let consumer: Consumer;
  let registered: number;
  /** Of the storm's processes. */
  let consumed: Consumed[];

  beforeAll(async () => {
    [cluster, registry] = await Promise.all([startCluster(), TestRegistry.start(), installFastavro()]);
    admin = new KafkaAdmin(cluster.bootstrap);
    await Promise.all([admin.createTopic(TOPIC, { partitions: 3 }), admin.createTopic(`${TOPIC}-agent`)]);
    consumer = new Consumer(registry.url);
  }, START_MS);
  afterAll(async () => {
    await admin?.close();
    await Promise.all([cluster?.close(), registry?.close()]);
  });

  test(`every process of a storm of ${PROCESSES} is there, with its arguments, by the registry's own schema`, async () => {
    const command = ['schema', 'register', '--json', '--url', registry.url, '--topic', TOPIC];
    const { code, stdout, stderr } = await runCommand(FORKCAST, command);
    expect([code, stderr]).toEqual([0, '']);
    const { subjects } = JSON.parse(stdout) as { subjects: { subject: string; id: number }[] };
    registered = subjects.find(({ subject }) => subject === `${TOPIC}-value`)?.id ?? -1;

    const sink = `{type: kafka, brokers: [${cluster.bootstrap}], topic: ${TOPIC}, framing: confluent, registry: {url: "${registry.url}"}, queue: {type: disk}}`;
    const agent = new AgentProcess({ dir: await tempDir(), set: [`sinks={siem: ${sink}}`] });
    await agent.ready();
    storm = await runStorm({ mode: 'exec', exec: PROGRAM, count: PROCESSES, inFlight: 8, tag: TAG });
    await drained(agent);
    expect(await agent.stop()).toMatchObject({ code: 0, signal: null });
    expect((await agent.record()).upstream.lost).toBe(0);

    const all = await consumer.decode(await admin.read(TOPIC));
    consumed = all.filter(({ event }) => storm.forkers.includes(event.parent?.pid ?? -1));
    const of = (wanted: string) => consumed.filter(({ event }) => event.kind === wanted).map(({ event }) => event);
    const [forks, execs, exits] = [of('FORK'), of('EXEC'), of('EXIT')];
    expect([forks.length, execs.length, exits.length]).toEqual([PROCESSES, PROCESSES, PROCESSES]);
    const processOf = ({ process }: ProcessEvent): string => uuid(process.entity_id);
    const numbered = new Map(execs.map((event) => [event.process.args?.[1] ?? '', event]));
    const forked = new Map(forks.map((event) => [processOf(event), event]));
    const exited = new Map(exits.map((event) => [processOf(event), event]));
    const told = (argv: readonly string[]): object | undefined => {
      const exec = numbered.get(argv[1] as string);
      if (exec === undefined) return undefined;
      const [fork, exit] = [forked.get(processOf(exec)), exited.get(processOf(exec))];
      return {
        argv: exec.process.args,
        pids: [fork?.process.pid, exit?.process.pid],
        exit: { argv: exit?.process.args, code: exit?.exit?.code },
      };
    };
    const done = Array.from({ length: PROCESSES }, (_, n) => argvOf(n));
    expect(done.map(told)).toEqual(
      done.map((argv) => {
        const pid = numbered.get(argv[1] as string)?.process.pid;
        return { argv, pids: [pid, pid], exit: { argv, code: 0 } };
      }),
    );
  });

  test('with the id of its schema, the key of its host, its own time, and headers that say what it is', async () => {
    const [first] = consumed;
    const hostId = uuid((first as Consumed).event.host.host_id);
    const schema = (await runCommand(FORKCAST, ['schema', 'list', '--json'])).stdout;
    const { fingerprint } = (JSON.parse(schema) as { schemas: { name: string; fingerprint: string }[] }).schemas.find(
      ({ name }) => name === 'forkcast.v1.ProcessEvent',
    ) as { fingerprint: string };
    const said = consumed.map(({ record, schemaId }) => ({
      schemaId,
      key: record.key?.toString(),
      timestamp: record.timestamp,
      ...Object.fromEntries(record.headers.map(([name, text]) => [name, String(text)])),
    }));
    expect(said).toEqual(
      consumed.map(({ event }) => ({
        schemaId: registered,
        key: hostId,
        timestamp: Math.floor(event.time / 1000),
        schema: `forkcast.v1.ProcessEvent/${fingerprint}`,
        'host-id': hostId,
        'content-type': 'application/vnd.apache.avro; framing=confluent',
        'event-id': `${uuid(event.agent_id)}:${event.sequence}`,
      })),
    );
    // One host is one key, and so keeps its order.
    expect(new Set(consumed.map(({ record }) => record.partition)).size).toBe(1);
    const sequences = consumed.map(({ event }) => event.sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    expect(new Set(sequences).size).toBe(sequences.length);
  });

  test('and fastavro reads the same, verify finds it whole', async () => {
    const dir = await tempDir();
    const [values, schemas] = [join(dir, 'values'), join(dir, 'schemas.json')];
    const framed = consumed.flatMap(({ record: { value } }) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(value?.length ?? 0);
      return [length, value as Buffer];
    });
    await Promise.all([writeFile(values, Buffer.concat(framed)), writeFile(schemas, JSON.stringify(consumer.schemas))]);
    const theirs = await askFastavro<unknown[]>('read_confluent', values, schemas);
    expect(theirs).toEqual(consumed.map(({ event: { kind, sequence, process } }) => [kind, sequence, process.args]));

    const { code, report } = await verify('--kafka', cluster.bootstrap, '--topic', TOPIC);
    expect(report).toMatchObject({ ok: true, unaccounted: 0, runs: [{ state: 'stopped', findings: [], duplicates: 0 }] });
    expect(code).toBe(0);
  });
});
