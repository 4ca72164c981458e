import { expect } from 'vitest';
import type { Heard } from '../../../../src/core/kernel-event.ts';
import { CONTROL_BYTES, IngestControl } from '../../../../src/ingest/proc-connector/control.ts';
import { FrameReader } from '../../../../src/ingest/proc-connector/frame-reader.ts';
import type { ReaderConfig } from '../../../../src/ingest/proc-connector/reader.ts';
import { ConnectorReader } from '../../../../src/ingest/proc-connector/reader.ts';
import { What } from '../../../../src/ingest/proc-connector/wire.ts';
import { RingConsumer, RingProducer, createRingMemory } from '../../../../src/ingest/ring/ring.ts';
import type { FakeMessage } from '../../../helpers/fake-libc.ts';
import { FakeLibc } from '../../../helpers/fake-libc.ts';
import { noExecCache } from './played-reader.ts';
import { datagram } from './vectors.ts';

const EAGAIN = 11;
export const LISTEN = 1;
export const IGNORE = 2;
const PATIENCE_MS = 20_000;
const CONFIG: ReaderConfig = {
  receiveBufferBytes: 1 << 20,
  maxArgsBytes: 1024,
  env: [],
  execCache: 'off',
  threads: false,
  kernelFilter: null,
  foreignNamespace: null,
  fallback: 'scan',
  silenceMs: 0,
  reconcileEveryMs: 600_000,
  fallbackEveryMs: 20,
  kernelSeqs: {},
};

/** What the test does each time the reader has had its turn; it ends the run by returning true. */
type Director = (world: World) => boolean;

export interface World {
  readonly libc: FakeLibc;
  readonly control: IngestControl;
  readonly heard: Heard[];
  readonly reports: string[];
  /** How long the reader was ready to wait, each time; milliseconds. */
  readonly waits: number[];
  /** Messages the kernel delivers next, or an errno. */
  readonly deliver: (next: FakeMessage[] | number) => void;
}

/** Runs a reader against a kernel that answers each LISTEN, until the director is content. */
export function direct(director: Director, config: Partial<ReaderConfig> & { prepare?: (libc: FakeLibc) => void } = {}): World {
  const libc = new FakeLibc();
  config.prepare?.(libc);
  const control = new IngestControl(new SharedArrayBuffer(CONTROL_BYTES));
  const memory = createRingMemory(1 << 20);
  const consumer = new RingConsumer(memory);
  const frames = new FrameReader(consumer);
  const queue: (FakeMessage[] | number)[] = [];
  const world: World = { libc, control, heard: [], reports: [], waits: [], deliver: (next) => void queue.push(next) };
  const deadline = performance.now() + PATIENCE_MS;
  libc.onSend = (message) => {
    if (message.readUInt32LE(36) !== LISTEN) return;
    queue.push([{ bytes: datagram({ what: What.NONE, ack: message.readUInt32LE(28) + 1, seq: 1 }) }]);
  };
  libc.onReceive = () => queue.shift() ?? EAGAIN;
  const poll = libc.poll.bind(libc);
  libc.poll = (_fds, timeoutMs = 0) => {
    world.waits.push(timeoutMs);
    for (let frame = consumer.next(); frame !== undefined; frame = consumer.next()) frames.read(frame.offset, world.heard);
    consumer.release();
    if (director(world)) control.requestStop('drain');
    else if (performance.now() > deadline) control.requestStop('now');
    return poll();
  };
  const reports = (name: string) => (): void => void world.reports.push(name);
  new ConnectorReader({ libc, openExecCache: noExecCache, control, ring: new RingProducer(memory) }, { ...CONFIG, ...config }).run({
    subscribed: reports('subscribed'),
    scanned: reports('scanned'),
    silent: reports('silent'),
    lost: ({ code }) => world.reports.push(`lost ${code}`),
  });
  for (let frame = consumer.next(); frame !== undefined; frame = consumer.next()) frames.read(frame.offset, world.heard);
  expect(performance.now()).toBeLessThan(deadline);
  return world;
}
