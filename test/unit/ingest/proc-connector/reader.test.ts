import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import type { Heard } from '../../../../src/core/kernel-event.ts';
import { CONTROL_BYTES, IngestControl, Phase } from '../../../../src/ingest/proc-connector/control.ts';
import { FrameReader } from '../../../../src/ingest/proc-connector/frame-reader.ts';
import type { ReaderConfig } from '../../../../src/ingest/proc-connector/reader.ts';
import { ConnectorReader } from '../../../../src/ingest/proc-connector/reader.ts';
import { What } from '../../../../src/ingest/proc-connector/wire.ts';
import { RingConsumer, RingProducer, createRingMemory } from '../../../../src/ingest/ring/ring.ts';
import type { FakeMessage, FakeReceive } from '../../../helpers/fake-libc.ts';
import { FakeLibc } from '../../../helpers/fake-libc.ts';
import { datagram } from './vectors.ts';

const EAGAIN = 11;
const ENOBUFS = 105;
const LISTEN = 1;
const IGNORE = 2;
const CONFIG: ReaderConfig = {
  receiveBufferBytes: 1 << 20,
  maxArgsBytes: 1024,
  threads: false,
  kernelFilter: null,
  fallback: 'none',
  silenceMs: 0,
  reconcileEveryMs: 600_000,
  fallbackEveryMs: 1000,
  kernelSeqs: {},
};

/** A reader whose kernel answers LISTEN and then plays `script`, one receive an entry, and is asked to drain when it is over. */
function play(
  script: readonly FakeReceive[],
  options: { ring?: number; drops?: number; config?: Partial<ReaderConfig>; answer?: (ack: number) => FakeMessage[] } = {},
): {
  run: () => void;
  heard: () => Heard[];
  libc: FakeLibc;
  control: IngestControl;
  frames: FrameReader;
  reports: string[];
  frameCount: () => number;
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
  const reader = new ConnectorReader({ libc, control, ring: new RingProducer(memory) }, { ...CONFIG, ...options.config });
  libc.drops = options.drops ?? 0;
  const run = (): void => {
    try {
      reader.run({
        subscribed: () => reports.push('subscribed'),
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
  };
}

const ignores = (libc: FakeLibc): number => libc.sent.filter((m) => m.readUInt32LE(36) === IGNORE).length;
const fork = (seq: number, pid = 1000 + seq): FakeMessage => ({ bytes: datagram({ what: What.FORK, seq, words: [1, 1, pid, pid] }) });

function codeOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    return error instanceof AgentError ? error.code : String(error);
  }
  return 'none';
}

describe('the subscription', () => {
  test('is confirmed by its own random ack, not by another program’s (garlic takes the first message for it)', () => {
    const { run, reports, libc } = play([], {
      answer: (ack) => [
        { bytes: datagram({ what: What.NONE, ack: ack + 5, words: [22] }) },
        { bytes: datagram({ what: What.NONE, ack: ack + 1, seq: 2 }) },
      ],
    });
    run();
    expect(reports[0]).toBe('subscribed');
    expect(libc.sent[0]?.readUInt32LE(28)).not.toBe(0);
  });

  test('keeps events that come before the ack', () => {
    const { run, heard } = play([], {
      answer: (ack) => [fork(1), { bytes: datagram({ what: What.NONE, ack: ack + 1, seq: 2 }) }, fork(3)],
    });
    run();
    expect(heard().map((h) => h.kind)).toEqual(['FORK', 'FORK']);
  });

  test('an ack with an error ends it with the reason, and no IGNORE is owed', () => {
    const { run, libc } = play([], { answer: (ack) => [{ bytes: datagram({ what: What.NONE, ack: ack + 1, words: [1] }) }] });
    expect(codeOf(run)).toBe('NETLINK_PERMISSION');
    expect(ignores(libc)).toBe(0);
    expect(libc.closed.filter((fd) => fd === 42)).toHaveLength(1);
  });

  test.each([
    ['another network namespace', 'send', 111, 'NETLINK_NAMESPACE'],
    ['an old kernel without privilege', 'bind', 1, 'NETLINK_PERMISSION'],
    ['a kernel without the connector', 'socket', 93, 'NETLINK_UNSUPPORTED'],
  ] as const)('%s is named', (_name, call, errno, code) => {
    const { run, libc } = play([]);
    libc.failing[call] = errno;
    expect(codeOf(run)).toBe(code);
    expect(ignores(libc)).toBe(0);
  });

  test('a late answer to an earlier request counts', () => {
    let first = 0;
    let asked = 0;
    const { run, reports, libc } = play([], {
      answer: (ack) => {
        asked += 1;
        if (asked === 1) first = ack;
        return asked === 2 ? [{ bytes: datagram({ what: What.NONE, ack: first + 1 }) }] : [];
      },
    });
    const heard = libc.onReceive;
    // The first request stays without an answer for its whole second.
    libc.onReceive = (count) => (libc.sent.length === 1 && asked === 1 && performance.now() < deadline ? [] : heard(count));
    const deadline = performance.now() + 1100;
    run();
    expect(asked).toBe(2);
    expect(reports[0]).toBe('subscribed');
  });

  test('without CAP_NET_ADMIN the receive buffer is asked for the ordinary way', () => {
    const { run, libc } = play([]);
    libc.failing.force = 1;
    run();
    expect(libc.options.filter(({ option }) => option === 8)).toEqual([{ option: 8, value: 1 << 20 }]);
  });
});

describe('exactly one IGNORE', () => {
  test('after a normal end', () => {
    const { run, libc, control } = play([[fork(2)]]);
    run();
    expect(ignores(libc)).toBe(1);
    expect(control.phase).toBe(Phase.CLOSED);
    expect(libc.closed.filter((fd) => fd === 42)).toHaveLength(1);
  });

  test('when stopped at once', () => {
    const { run, libc, control } = play([]);
    libc.onReceive = () => {
      control.requestStop('now');
      return EAGAIN;
    };
    run();
    expect(ignores(libc)).toBe(1);
  });

  test('in a hurry everything queued is heard, and no capture is made', () => {
    const me = process.pid;
    const { run, libc, control, heard } = play([[fork(2)], [{ bytes: datagram({ what: What.EXEC, seq: 3, words: [me, me] }) }]]);
    const receive = libc.onReceive;
    libc.onReceive = (count) => {
      const received = receive(count);
      if (control.phase === Phase.RUNNING) control.requestStop('hurry');
      return received;
    };
    run();
    expect(ignores(libc)).toBe(1);
    expect(heard().map((h) => h.kind)).toEqual(['FORK', 'EXEC']);
    expect(heard()[1]).toMatchObject({ capture: null });
  });

  test('when the kernel refuses IGNORE the socket is closed all the same, and the refusal is told', () => {
    const { run, libc } = play([]);
    const sent = libc.onSend;
    libc.onSend = (message) => {
      sent(message);
      libc.failing.send = 105;
    };
    expect(codeOf(run)).toBe('NETLINK_SOCKET');
    expect(libc.closed.filter((fd) => fd === 42)).toHaveLength(1);
  });

  test('when receiving fails', () => {
    const { run, libc } = play([9]);
    expect(codeOf(run)).toBe('NETLINK_SOCKET');
    expect(ignores(libc)).toBe(1);
  });

  test('when somebody else has sent it already (the main thread, for a thread that seemed dead)', () => {
    const { run, libc, control } = play([]);
    libc.onReceive = () => {
      control.takeIgnoreDuty();
      control.requestStop('now');
      return EAGAIN;
    };
    run();
    expect(ignores(libc)).toBe(0);
  });
});

describe('the stream', () => {
  test('a foreign sender is dropped and counted, and the stream goes on (netlink: one ends it)', () => {
    const { run, heard, control } = play([[fork(2), { ...fork(999), sender: 4711 }, fork(3)]]);
    run();
    expect(heard().map((h) => 'kernelSeq' in h && h.kernelSeq)).toEqual([2, 3]);
    expect(control.counts).toMatchObject({ foreign: 1, malformed: 0 });
  });

  test('oversized and short datagrams are dropped and counted', () => {
    const { run, heard, control } = play([
      [{ bytes: Buffer.concat([fork(2).bytes, Buffer.alloc(8)]) }, { bytes: fork(2).bytes.subarray(0, 40) }, fork(2)],
    ]);
    run();
    expect(heard()).toHaveLength(1);
    expect(control.counts.malformed).toBe(2);
  });

  test('a gap comes before the event that shows it, with exact numbers', () => {
    const { run, heard } = play([[fork(2), fork(7)]]);
    run();
    expect(heard().map((h) => h.kind)).toEqual(['FORK', 'LOSS', 'FORK']);
    expect(heard()[1]).toMatchObject({ cpu: 0, fromSeq: 3, toSeq: 6, count: 4 });
  });

  test('what the socket dropped beyond the gaps is lost too, on a CPU nobody knows (gaps miss the tail)', () => {
    const { run, heard } = play([[fork(2), fork(5)]], { drops: 9 });
    run();
    expect(heard().at(-1)).toMatchObject({ kind: 'LOSS', cpu: null, fromSeq: null, toSeq: null, count: 7 });
  });

  test('ENOBUFS is counted and survived (netlink and DataDog stop there)', () => {
    const { run, heard, control } = play([ENOBUFS, [fork(2)]]);
    run();
    expect(heard()).toHaveLength(1);
    expect(control.counts.overruns).toBe(1);
  });

  test('acknowledgements of others in mid-stream are counted, not events', () => {
    const { run, heard, frames } = play([[fork(2), { bytes: datagram({ what: What.NONE, seq: 3, ack: 77 }) }, fork(4)]]);
    run();
    expect(heard().map((h) => h.kind)).toEqual(['FORK', 'FORK']);
    expect(frames.tally).toMatchObject({ events: 2, acks: 2, unknown: 0 });
  });

  test('an unknown kind is counted', () => {
    const { run, frames } = play([[{ bytes: datagram({ what: 0x400, seq: 2 }) }]]);
    run();
    expect(frames.tally.unknown).toBe(1);
  });

  test('an exec brings its capture; a process that is gone brings errno and no exception', () => {
    const me = process.pid;
    const { run, heard } = play([
      [
        { bytes: datagram({ what: What.EXEC, seq: 2, words: [me, me] }) },
        { bytes: datagram({ what: What.EXEC, seq: 3, words: [4194303, 4194303] }) },
      ],
    ]);
    run();
    const [mine, gone] = heard();
    expect(mine?.kind === 'EXEC' && Buffer.isBuffer(mine.capture?.stat)).toBe(true);
    expect(gone?.kind === 'EXEC' && gone.capture).toMatchObject({ cmdline: 2, exe: 2, stat: 2 });
  });

  test('a batch whose captures do not fit before the end of the ring is split and stays whole and in order', () => {
    const me = process.pid;
    let seq = 1;
    const batches = Array.from({ length: 8 }, () =>
      Array.from({ length: 60 }, () => ({ bytes: datagram({ what: What.EXEC, seq: (seq += 1), words: [me, me] }) })),
    );
    const { run, heard, frameCount } = play(batches, { ring: 1 << 19 });
    run();
    expect(heard().map((h) => 'kernelSeq' in h && h.kernelSeq)).toEqual(batches.flat().map((_m, i) => i + 2));
    for (const h of heard()) expect(h.kind === 'EXEC' && Buffer.isBuffer(h.capture?.stat)).toBe(true);
    // One frame for the acknowledgement and one a batch would be nine.
    expect(frameCount()).toBeGreaterThan(9);
  });
});
