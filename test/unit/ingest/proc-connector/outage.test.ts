import { expect, test } from 'vitest';
import type { Heard } from '../../../../src/core/kernel-event.ts';
import { CONTROL_BYTES, IngestControl } from '../../../../src/ingest/proc-connector/control.ts';
import { FrameReader } from '../../../../src/ingest/proc-connector/frame-reader.ts';
import type { ReaderConfig } from '../../../../src/ingest/proc-connector/reader.ts';
import { ConnectorReader } from '../../../../src/ingest/proc-connector/reader.ts';
import { What } from '../../../../src/ingest/proc-connector/wire.ts';
import { RingConsumer, RingProducer, createRingMemory } from '../../../../src/ingest/ring/ring.ts';
import type { FakeMessage } from '../../../helpers/fake-libc.ts';
import { FakeLibc } from '../../../helpers/fake-libc.ts';
import { datagram } from './vectors.ts';

const [EAGAIN, ENETDOWN, ENOBUFS, ECONNREFUSED] = [11, 100, 105, 111];
const LISTEN = 1;
const IGNORE = 2;
const PATIENCE_MS = 20_000;
const CONFIG: ReaderConfig = {
  receiveBufferBytes: 1 << 20,
  maxArgsBytes: 1024,
  threads: false,
  kernelFilter: null,
  fallback: 'scan',
  silenceMs: 0,
  reconcileEveryMs: 600_000,
  fallbackEveryMs: 20,
  kernelSeqs: {},
};

/** What the test does each time the reader has had its turn; it ends the run by returning true. */
type Director = (world: World) => boolean;

interface World {
  readonly libc: FakeLibc;
  readonly control: IngestControl;
  readonly heard: Heard[];
  readonly reports: string[];
  /** Messages the kernel delivers next, or an errno. */
  readonly deliver: (next: FakeMessage[] | number) => void;
}

/** Runs a reader against a kernel that answers each LISTEN, until the director is content. */
function direct(director: Director, config: Partial<ReaderConfig> & { refusal?: number } = {}): World {
  const libc = new FakeLibc();
  if (config.refusal !== undefined) libc.failing.send = config.refusal;
  const control = new IngestControl(new SharedArrayBuffer(CONTROL_BYTES));
  const memory = createRingMemory(1 << 20);
  const consumer = new RingConsumer(memory);
  const frames = new FrameReader(consumer);
  const queue: (FakeMessage[] | number)[] = [];
  const world: World = { libc, control, heard: [], reports: [], deliver: (next) => void queue.push(next) };
  const deadline = performance.now() + PATIENCE_MS;
  libc.onSend = (message) => {
    if (message.readUInt32LE(36) !== LISTEN) return;
    queue.push([{ bytes: datagram({ what: What.NONE, ack: message.readUInt32LE(28) + 1, seq: 1 }) }]);
  };
  libc.onReceive = () => queue.shift() ?? EAGAIN;
  const poll = libc.poll.bind(libc);
  libc.poll = () => {
    for (let frame = consumer.next(); frame !== undefined; frame = consumer.next()) frames.read(frame.offset, world.heard);
    consumer.release();
    if (director(world)) control.requestStop('drain');
    else if (performance.now() > deadline) control.requestStop('now');
    return poll();
  };
  const reports = (name: string) => (): void => void world.reports.push(name);
  new ConnectorReader({ libc, control, ring: new RingProducer(memory) }, { ...CONFIG, ...config }).run({
    subscribed: reports('subscribed'),
    scanned: reports('scanned'),
    silent: reports('silent'),
    lost: ({ code }) => world.reports.push(`lost ${code}`),
  });
  for (let frame = consumer.next(); frame !== undefined; frame = consumer.next()) frames.read(frame.offset, world.heard);
  expect(performance.now()).toBeLessThan(deadline);
  return world;
}

const sent = (libc: FakeLibc, op: number): number => libc.sent.filter((message) => message.readUInt32LE(36) === op).length;
const scans = (heard: readonly Heard[]): string[] => heard.flatMap((h) => (h.kind === 'SCAN' ? [`${h.purpose} ${h.phase}`] : []));
const losses = (heard: readonly Heard[]): Heard[] => heard.filter(({ kind }) => kind === 'LOSS');
const fork = (seq: number): FakeMessage => ({ bytes: datagram({ what: What.FORK, seq, words: [1, 1, 1000 + seq, 1000 + seq] }) });

test('where the kernel refuses, /proc is listed again and again until it answers; the time before is called blind (NeuVector’s scan mode never goes back)', () => {
  const { libc, heard, reports } = direct(
    (world) => {
      const done = scans(world.heard);
      if (done.filter((scan) => scan === 'fallback END').length >= 2) delete world.libc.failing.send;
      return done.includes('loss END');
    },
    { refusal: ECONNREFUSED },
  );
  expect(reports[0]).toBe('lost NETLINK_NAMESPACE');
  expect(reports.at(-1)).toBe('subscribed');
  expect(reports.filter((report) => report === 'scanned')).toHaveLength(1);
  expect(scans(heard)[0]).toBe('start BEGIN');
  expect(losses(heard)).toMatchObject([{ reason: 'blind', cpu: null, count: 0, exact: false }]);
  expect(sent(libc, IGNORE)).toBe(1);
  // Each process that runs is in each listing, this one too.
  expect(heard.filter((h) => h.kind === 'SNAPSHOT' && h.purpose === 'fallback' && h.pid === process.pid).length).toBeGreaterThanOrEqual(2);
});

test('a socket that fails in mid-stream is replaced, with one IGNORE for each LISTEN, and the sequence tells what others’ subscriptions counted meanwhile (DataDog races with a silent stop)', () => {
  let phase = 0;
  const { libc, heard, reports } = direct((world) => {
    if (phase === 0 && world.reports.includes('scanned')) {
      world.deliver([fork(2)]);
      world.deliver(ENETDOWN);
      phase = 1;
    } else if (phase === 1 && world.reports.filter((report) => report === 'subscribed').length === 2) {
      world.deliver([fork(9)]);
      phase = 2;
    }
    return phase === 2 && scans(world.heard).includes('loss END');
  });
  expect(reports).toEqual(['subscribed', 'scanned', 'lost NETLINK_SOCKET', 'subscribed']);
  expect(sent(libc, LISTEN)).toBe(2);
  expect(sent(libc, IGNORE)).toBe(2);
  // The second acknowledgement carried number 1 again: no event of the fake kernel is lost before 3.
  expect(losses(heard)).toMatchObject([{ reason: 'blind' }, { reason: 'receive_buffer', fromSeq: 3, toSeq: 8, count: 6 }]);
});

test('without a fallback a refusal is the end', () => {
  expect(() => direct(() => false, { fallback: 'none', refusal: ECONNREFUSED })).toThrowError(
    expect.objectContaining({ code: 'NETLINK_NAMESPACE' }),
  );
});

test('silence is told after its time and again after as long', () => {
  const begin = performance.now();
  const { reports } = direct((world) => world.reports.filter((report) => report === 'silent').length === 2, { silenceMs: 60 });
  expect(performance.now() - begin).toBeGreaterThanOrEqual(120);
  expect(reports).toEqual(['subscribed', 'scanned', 'silent', 'silent']);
});

test('who is heard is not silent', () => {
  let seq = 1;
  const began = performance.now();
  const { reports } = direct(
    (world) => {
      world.deliver([fork((seq += 1))]);
      return performance.now() - began > 200;
    },
    { silenceMs: 60 },
  );
  expect(reports).toEqual(['subscribed', 'scanned']);
});

test('a subscription that proves deaf is given up and renewed on request', () => {
  let asked = false;
  const { libc, heard, reports } = direct((world) => {
    if (!asked && world.reports.includes('scanned')) {
      asked = true;
      world.control.requestRenewal();
    }
    return world.reports.filter((report) => report === 'subscribed').length === 2;
  });
  expect(reports).toEqual(['subscribed', 'scanned', 'lost NETLINK_DEAF', 'subscribed']);
  expect([sent(libc, LISTEN), sent(libc, IGNORE)]).toEqual([2, 2]);
  expect(losses(heard)).toMatchObject([{ reason: 'blind' }]);
});

test('what the socket dropped is declared as soon as it is drained, not only at the end, and /proc is listed for it', () => {
  let overrun = false;
  const { heard } = direct((world) => {
    if (!overrun && world.reports.includes('scanned')) {
      overrun = true;
      world.libc.drops = 5;
      world.deliver(ENOBUFS);
      world.deliver([fork(2), fork(4)]);
    }
    return scans(world.heard).includes('loss END');
  });
  const order = heard
    .filter(({ kind }) => kind === 'LOSS' || kind === 'SCAN')
    .map((h) => (h.kind === 'LOSS' ? `${h.reason} ${h.count}` : scans([h])[0]));
  expect(order).toEqual(['start BEGIN', 'start END', 'receive_buffer 1', 'tail 4', 'loss BEGIN', 'loss END']);
});

test('behind a filter in the kernel steps of the sequence are no losses; the drops are', () => {
  let begun = false;
  const { libc, heard } = direct(
    (world) => {
      if (!begun && world.reports.includes('scanned')) {
        begun = true;
        world.libc.drops = 3;
        world.deliver(ENOBUFS);
        world.deliver([fork(20), fork(900)]);
      }
      return losses(world.heard).length > 0;
    },
    { kernelFilter: { kinds: ['FORK'], mechanism: 'mask' } },
  );
  expect(losses(heard)).toMatchObject([{ reason: 'tail', cpu: null, count: 3 }]);
  const masks = libc.sent.filter((message) => message.length === 44).map((message) => message.readUInt32LE(40));
  expect(masks).toEqual([What.FORK]);
});

test('the known processes are compared with /proc at intervals although nothing is lost', () => {
  const { heard } = direct((world) => scans(world.heard).includes('interval END'), { reconcileEveryMs: 50 });
  const end = heard.find((h) => h.kind === 'SCAN' && h.purpose === 'interval' && h.phase === 'END');
  expect(end).toMatchObject({ processes: expect.toSatisfy((n: number) => n > 1) });
  // Unchanged since the first listing: told by their stat only.
  const me = heard.filter((h) => h.kind === 'SNAPSHOT' && h.pid === process.pid);
  expect(me.map((h) => h.kind === 'SNAPSHOT' && [h.purpose, Buffer.isBuffer(h.capture.stat), Buffer.isBuffer(h.capture.cmdline)])).toEqual([
    ['start', true, true],
    ['interval', true, false],
  ]);
});

test('with threads the first listing names them, each with the process it belongs to', () => {
  const { heard } = direct((world) => world.reports.includes('scanned'), { threads: true });
  const mine = heard.filter((h) => h.kind === 'SNAPSHOT' && h.tgid === process.pid && h.pid !== process.pid);
  expect(mine.length).toBeGreaterThan(0);
  for (const thread of mine) expect(thread.kind === 'SNAPSHOT' && String(thread.capture.stat).startsWith(`${thread.pid} (`)).toBe(true);
});
