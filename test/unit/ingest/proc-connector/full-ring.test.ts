import { expect, test } from 'vitest';
import { CONTROL_BYTES, IngestControl } from '../../../../src/ingest/proc-connector/control.ts';
import type { ReaderConfig } from '../../../../src/ingest/proc-connector/reader.ts';
import { ConnectorReader } from '../../../../src/ingest/proc-connector/reader.ts';
import { What } from '../../../../src/ingest/proc-connector/wire.ts';
import { RingProducer, createRingMemory } from '../../../../src/ingest/ring/ring.ts';
import type { FakeMessage } from '../../../helpers/fake-libc.ts';
import { FakeLibc } from '../../../helpers/fake-libc.ts';
import { fork, noExecCache } from './played-reader.ts';
import { datagram } from './vectors.ts';

const LISTEN = 1;
const ECONNREFUSED = 111;
const CONFIG: ReaderConfig = {
  receiveBufferBytes: 1 << 20,
  maxArgsBytes: 1024,
  env: [],
  execCache: 'off',
  threads: false,
  kernelFilter: null,
  foreignNamespace: null,
  fallback: 'scan',
  silenceMs: 100,
  reconcileEveryMs: 600_000,
  fallbackEveryMs: 20,
  kernelSeqs: {},
};

/** Runs a reader for that long against a kernel that has always one more event, with nobody to read the ring. */
function unread(ms: number, prepare: (libc: FakeLibc) => void = () => undefined): { reports: string[]; polls: number } {
  const libc = new FakeLibc();
  prepare(libc);
  const control = new IngestControl(new SharedArrayBuffer(CONTROL_BYTES));
  const queue: FakeMessage[][] = [];
  libc.onSend = (message) => {
    if (message.readUInt32LE(36) === LISTEN)
      queue.push([{ bytes: datagram({ what: What.NONE, ack: message.readUInt32LE(28) + 1, seq: 1 }) }]);
  };
  let seq = 1;
  libc.onReceive = () => queue.shift() ?? [fork((seq += 1))];
  const reports: string[] = [];
  let polls = 0;
  let until = performance.now() + ms;
  libc.poll = (_fds?: Uint8Array, timeoutMs = 0) => {
    polls += 1;
    if (libc.failing.send !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(timeoutMs, 100));
    if (performance.now() > until) control.requestStop('now');
    return { value: 1, errno: 0 };
  };
  const report = (name: string) => (): void => void reports.push(name);
  const told = { subscribed: report('subscribed'), scanned: report('scanned'), silent: report('silent'), lost: report('lost') };
  until = performance.now() + ms;
  new ConnectorReader({ libc, openExecCache: noExecCache, control, ring: new RingProducer(createRingMemory(1 << 16)) }, CONFIG).run(told);
  return { reports, polls };
}

test('a ring that stays full, behind a sink that is stuck, is not taken for a silent kernel', () => {
  expect(unread(600).reports).toEqual(['subscribed']);
});

test('a ring that stays full while /proc is listed for want of a socket is waited for, not turned around', () => {
  const { reports, polls } = unread(500, (libc) => (libc.failing.send = ECONNREFUSED));
  expect(reports).toContain('lost');
  expect(polls).toBeLessThan(200);
});
