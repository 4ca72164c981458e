import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../src/agent/run-record.ts';
import type { DeadLetter } from '../../../src/sink/dead-letter/line.ts';
import { readLetters } from '../../../src/sink/dead-letter/read-letters.ts';
import { logLines } from '../../helpers/agent-log.ts';
import type { LogLine } from '../../helpers/agent-log.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { EventTally } from '../../helpers/nats/event-tally.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import type { NatsOptions } from '../../helpers/nats/server-config.ts';
import type { NatsServer } from '../../helpers/nats/server.ts';
import { startNats } from '../../helpers/nats/start.ts';
import { verifyStream } from '../../helpers/nats/verify-stream.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { EXPECTED, wordsOf } from './limits-said.ts';

/** The first start builds the server. */
const START_MS = 10 * 60_000;
const RUN_MS = 3 * 60_000;
const PATIENCE_MS = 60_000;
const RATE = 300;
/** Of a stream that is full then. */
const FULL = 200;
/** Some command lines of the events are larger by themselves, and a batch of most is, too. */
const NARROW_BYTES = 8000;
const BATCHES = { batch: { max_events: 100 } };
/** Of a message, at most. */
const HEADERS_BYTES = 600;
const ACK_TIMEOUT_MS = 3000;
const USER = { kind: 'user', user: 'agent', password: 'secret' } as const;

const SERVERS = {
  plain: {},
  late: {},
  slow: {},
  narrow: { maxPayload: NARROW_BYTES },
  strict: { auth: USER },
} as const satisfies Record<string, NatsOptions>;
type ServerName = keyof typeof SERVERS;

/** Where the events of each sink go; the stream has its name. */
const HOMES = {
  whole: 'plain',
  late: 'late',
  missing: 'plain',
  ensured: 'plain',
  full: 'plain',
  gone: 'plain',
  astray: 'plain',
  parcels: 'plain',
  narrow: 'narrow',
  rights: 'strict',
  slow: 'slow',
} as const satisfies Record<string, ServerName>;
type SinkName = keyof typeof HOMES;
const NAMES = Object.keys(HOMES) as SinkName[];

describe.skipIf((await missingNats()) !== undefined)('an agent at servers of NATS that do not take everything', () => {
  const servers = {} as Record<ServerName, NatsServer>;
  const admins = {} as Record<ServerName, NatsAdmin>;
  const adminOf = (name: SinkName): NatsAdmin => admins[HOMES[name]];

  beforeAll(async () => {
    for (const name of Object.keys(SERVERS) as ServerName[]) {
      servers[name] = await startNats(SERVERS[name]);
      admins[name] = await NatsAdmin.connect(servers[name]);
    }
  }, START_MS);

  afterAll(async () => {
    await Promise.all(Object.values(admins).map((admin) => admin.close()));
    await Promise.all(Object.values(servers).map((server) => server.close()));
  });

  const KEYS: Partial<Record<SinkName, object>> = {
    ensured: { ensure_stream: { max_size: '64MiB', max_age: '1h', dedupe_window: '1m', storage: 'memory', discard: 'new' } },
    astray: { stream: 'other' },
    parcels: BATCHES,
    narrow: BATCHES,
    rights: { auth: { user: 'agent', password: 'env:NATS_PASSWORD' } },
    slow: { ack_timeout: `${ACK_TIMEOUT_MS}ms` },
  };

  async function configure(file: string, changes: Partial<Record<SinkName, object>> = {}): Promise<void> {
    const of = (name: SinkName): object => ({
      type: 'nats',
      servers: [servers[HOMES[name]].url],
      stream: name,
      subject: `${name}.process.{kind}`,
      queue: { type: 'disk' },
      retry: { max: '500ms', hold: '500ms' },
      ...KEYS[name],
      ...changes[name],
    });
    const sinks = Object.fromEntries(NAMES.map((name) => [name, of(name)]));
    const agent = { checkpoint_interval: '500ms' };
    await writeFile(file, JSON.stringify({ agent, source: { type: 'synthetic', synthetic: { rate: RATE } }, sinks }));
  }

  async function createStream(name: SinkName, config: object = {}): Promise<void> {
    await adminOf(name).createStream(name, { subjects: [`${name}.>`], ...config });
  }

  async function lettersOf(dir: string, name: SinkName): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    for await (const { lines } of readLetters(join(dir, 'data/state/dead-letter', name)))
      for (const line of lines) if ('letter' in line) letters.push(line.letter);
    return letters;
  }

  function expectWhole(tally: EventTally, name: SinkName, { agent_id: run, last_sequence: last }: RunRecord): void {
    expect({ runs: [...tally.runs.keys()], again: tally.again, astray: tally.astray }, name).toEqual({ runs: [run], again: 0, astray: [] });
    const { lost, invented } = tally.compare(run, last);
    expect(invented.count, name).toBe(0);
    // What went away with the first stream of this name was there in order: nothing is missing behind it.
    const first = Math.min(...(tally.runs.get(run)?.keys() ?? []));
    expect(lost.count, name).toBe(first - 1);
    expect(first > 1, name).toBe(name === 'gone');
  }

  async function expectDivided(name: SinkName, letters: readonly DeadLetter[]): Promise<void> {
    const messages = await adminOf(name).read(name);
    expect(Math.max(...messages.map(({ body }) => body.length)), name).toBeLessThan(NARROW_BYTES);
    expect(Math.max(...messages.map(({ headers }) => Number(headers.get('events')))), name).toBeGreaterThan(1);
    expect(letters.length, name).toBeGreaterThan(0);
    expect(Math.min(...letters.map(({ bytes }) => bytes.length)), name).toBeGreaterThan(NARROW_BYTES - HEADERS_BYTES);
    const { ok, unaccounted, runs } = await verifyStream(servers[HOMES[name]].url, name);
    expect({ ok, unaccounted }, name).toEqual({ ok: true, unaccounted: 0 });
    expect(runs, name).toMatchObject([{ duplicates: 0, findings: [], declared: { dead_lettered: letters.length } }]);
  }

  async function tallyOf(name: SinkName): Promise<EventTally> {
    const tally = new EventTally();
    await adminOf(name).visit(name, (message) => tally.add(message));
    return tally;
  }

  test(
    'keeps what is not taken, says why and what to do, divides what is too large, and goes on by itself',
    async () => {
      const dir = await tempDir();
      const file = join(dir, 'forkcast.json');
      for (const name of ['whole', 'late', 'gone', 'astray', 'narrow', 'rights', 'slow'] as const) await createStream(name);
      await createStream('full', { discard: 'new', max_msgs: FULL });
      await createStream('parcels', { max_msg_size: NARROW_BYTES });
      await servers.late.kill();
      await configure(file);
      const agent = new AgentProcess({ dir, eyes: true, args: ['-c', file], env: { NATS_PASSWORD: USER.password } });
      const of = (name: SinkName): LogLine[] => logLines(agent.stderr).filter(({ sink }) => sink === name);
      const says = (name: SinkName, text: string): Promise<unknown> =>
        waitFor(() => of(name).some(({ msg }) => msg.includes(text)), {
          what: () => `${name} to say "${text}"; said: ${JSON.stringify(of(name))}`,
          timeoutMs: PATIENCE_MS,
        });
      const has = (name: SinkName, messages: number): Promise<unknown> =>
        waitFor(async () => (await adminOf(name).count(name)) >= messages, {
          what: () => `${messages} messages in ${name}; said: ${JSON.stringify(of(name))}`,
          timeoutMs: PATIENCE_MS,
          everyMs: 50,
        });

      for (const name of ['rights', 'gone', 'slow', 'ensured'] as const) await has(name, RATE);
      await servers.slow.pause();
      await servers.strict.reconfigure({ permissions: { publish: { deny: ['rights.>'] } } });
      await admins.plain.deleteStream('gone');
      await says('full', 'maximum messages exceeded');
      const before = await admins.plain.count('whole');
      await has('whole', before + RATE / 3);
      servers.slow.resume();
      expect(of('slow')).toEqual([]);
      await has('slow', before);
      await servers.slow.pause();

      await says('slow', 'no acknowledgement has come for 3 s');
      for (const name of ['late', 'missing', 'gone', 'astray', 'rights'] as const) await says(name, 'trying again');
      servers.slow.resume();
      await servers.late.restart();
      await servers.strict.reconfigure({ permissions: {} });
      await createStream('missing');
      await createStream('gone');
      await admins.plain.updateStream('full', { max_msgs: -1 });
      await configure(file, { astray: { stream: 'astray' } });
      agent.child.kill('SIGHUP');
      for (const name of ['late', 'missing', 'full', 'gone', 'astray', 'rights', 'slow'] as const) await says(name, 'delivering again');
      const { code, stderr } = await agent.stop();
      expect(code, stderr).toBe(0);
      const record = await agent.record();
      for (const name of NAMES) {
        const lines = of(name).filter(({ duplicates }) => duplicates === undefined);
        expect(lines.map(wordsOf), name).toEqual(EXPECTED[name]);
        const letters = await lettersOf(dir, name);
        const books = { dropped: {}, lost: {}, waiting: 0, deadLettered: letters.length, delivered: record.last_sequence - letters.length };
        expect(record.sinks.find(({ sink }) => sink === name)).toMatchObject(books);
        if (name === 'parcels' || name === 'narrow') await expectDivided(name, letters);
        else expectWhole(await tallyOf(name), name, record);
      }
    },
    RUN_MS,
  );
});
