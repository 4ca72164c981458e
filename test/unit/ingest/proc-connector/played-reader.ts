import type { Heard } from '../../../../src/core/kernel-event.ts';
import type { CaptureState, OpenExecCache } from '../../../../src/ingest/proc-connector/captures.ts';
import { CONTROL_BYTES, IngestControl } from '../../../../src/ingest/proc-connector/control.ts';
import { FrameReader } from '../../../../src/ingest/proc-connector/frame-reader.ts';
import type { ReaderConfig } from '../../../../src/ingest/proc-connector/reader.ts';
import { ConnectorReader } from '../../../../src/ingest/proc-connector/reader.ts';
import { What } from '../../../../src/ingest/proc-connector/wire.ts';
import { RingConsumer, RingProducer, createRingMemory } from '../../../../src/ingest/ring/ring.ts';
import type { FakeMessage, FakeReceive } from '../../../helpers/fake-libc.ts';
import { FakeLibc } from '../../../helpers/fake-libc.ts';
import { datagram } from './vectors.ts';

const EAGAIN = 11;
const LISTEN = 1;
const IGNORE = 2;
const CONFIG: ReaderConfig = {
  receiveBufferBytes: 1 << 20,
  maxArgsBytes: 1024,
  env: [],
  execCache: 'off',
  threads: false,
  kernelFilter: null,
  foreignNamespace: null,
  fallback: 'none',
  silenceMs: 0,
  reconcileEveryMs: 600_000,
  fallbackEveryMs: 1000,
  kernelSeqs: {},
};

export const noExecCache: OpenExecCache = () => ({ reason: 'there is none here', fix: 'try elsewhere' });

/** A reader whose kernel answers LISTEN and then plays `script`, one receive an entry, and is asked to drain when it is over. */
export function play(
  script: readonly FakeReceive[],
  options: {
    ring?: number;
    drops?: number;
    config?: Partial<ReaderConfig>;
    answer?: (ack: number) => FakeMessage[];
    openExecCache?: OpenExecCache;
  } = {},
): {
  run: () => void;
  heard: () => Heard[];
  libc: FakeLibc;
  control: IngestControl;
  frames: FrameReader;
  reports: string[];
  frameCount: () => number;
  captures: () => CaptureState | undefined;
} {
  const libc = new FakeLibc();
  const control = new IngestControl(new SharedArrayBuffer(CONTROL_BYTES));
  const memory = createRingMemory(options.ring ?? 1 << 20);
  const consumer = new RingConsumer(memory);
  const frames = new FrameReader(consumer);
  const out: Heard[] = [];
  const reports: string[] = [];
  const queue: FakeReceive[] = [];
  const answer = options.answer ?? ((ack): FakeMessage[] => [{ bytes: datagram({ what: What.NONE, ack: ack + 1, seq: 1 }) }]);
  let read = 0;
  let captures: CaptureState | undefined;
  const take = (): void => {
    for (let frame = consumer.next(); frame !== undefined; frame = consumer.next(), read += 1) frames.read(frame.offset, out);
    consumer.release();
  };
  libc.onSend = (message) => {
    if (message.readUInt32LE(36) === LISTEN) queue.push(answer(message.readUInt32LE(28)), ...script);
  };
  libc.onReceive = () => {
    take();
    const next = queue.shift();
    if (next === undefined) control.requestStop('drain');
    return next ?? EAGAIN;
  };
  const reader = new ConnectorReader(
    { libc, openExecCache: options.openExecCache ?? noExecCache, control, ring: new RingProducer(memory) },
    { ...CONFIG, ...options.config },
  );
  libc.drops = options.drops ?? 0;
  const run = (): void => {
    try {
      reader.run({
        subscribed: (_socket, state) => {
          captures = state;
          reports.push('subscribed');
        },
        scanned: () => reports.push('scanned'),
        lost: ({ code }) => reports.push(`lost ${code}`),
        silent: () => reports.push('silent'),
      });
    } finally {
      take();
    }
  };
  return {
    run,
    heard: () => out.filter((h) => h.kind !== 'SNAPSHOT' && h.kind !== 'SCAN'),
    libc,
    control,
    frames,
    reports,
    frameCount: () => read,
    captures: () => captures,
  };
}

export const ignores = (libc: FakeLibc): number => libc.sent.filter((m) => m.readUInt32LE(36) === IGNORE).length;
export const fork = (seq: number, pid = 1000 + seq): FakeMessage => ({
  bytes: datagram({ what: What.FORK, seq, words: [1, 1, pid, pid] }),
});
