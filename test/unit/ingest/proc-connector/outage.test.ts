import { expect, test } from 'vitest';
import type { Heard } from '../../../../src/core/kernel-event.ts';
import { What } from '../../../../src/ingest/proc-connector/wire.ts';
import type { FakeLibc, FakeMessage } from '../../../helpers/fake-libc.ts';
import { IGNORE, LISTEN, direct } from './directed-reader.ts';
import { datagram } from './vectors.ts';

const [ENETDOWN, ENOBUFS, ECONNREFUSED] = [100, 105, 111];
const sent = (libc: FakeLibc, op: number): number => libc.sent.filter((message) => message.readUInt32LE(36) === op).length;
const scans = (heard: readonly Heard[]): string[] => heard.flatMap((h) => (h.kind === 'SCAN' ? [`${h.purpose} ${h.phase}`] : []));
const losses = (heard: readonly Heard[]): Heard[] => heard.filter(({ kind }) => kind === 'LOSS');
const refuse = (libc: FakeLibc): void => void (libc.failing.send = ECONNREFUSED);
const steadyClock = (libc: FakeLibc): void =>
  void (libc.onClock = (clock) => (clock === 0 ? 1_700_000_000_000_000 : 0) + Number(process.hrtime.bigint()) / 1000);
const fork = (seq: number): FakeMessage => ({ bytes: datagram({ what: What.FORK, seq, words: [1, 1, 1000 + seq, 1000 + seq] }) });

test('where the kernel refuses, /proc is listed again and again until it answers; the time before is called blind (NeuVector’s scan mode never goes back)', () => {
  const { libc, heard, reports } = direct(
    (world) => {
      const done = scans(world.heard);
      if (done.filter((scan) => scan === 'fallback END').length >= 2) delete world.libc.failing.send;
      return done.includes('loss END');
    },
    { prepare: refuse },
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
  expect(losses(heard)).toMatchObject([{ reason: 'blind' }, { reason: 'outage', fromSeq: 3, toSeq: 8, count: 6, exact: true }]);
});

test('without a fallback a refusal is the end', () => {
  expect(() => direct(() => false, { fallback: 'none', prepare: refuse })).toThrow(expect.objectContaining({ code: 'NETLINK_NAMESPACE' }));
});

test('silence is told after its time and again after as long', () => {
  const begin = performance.now();
  const { reports } = direct((world) => world.reports.filter((report) => report === 'silent').length === 2, { silenceMs: 60 });
  expect(performance.now() - begin).toBeGreaterThanOrEqual(120);
  expect(reports.toSorted()).toEqual(['scanned', 'silent', 'silent', 'subscribed']);
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

test('a loss that no gap shows is dated from the count before, not from the last event: a CPU that went quiet lost it before others’ events came', () => {
  let overrun = false;
  const { heard } = direct(
    (world) => {
      if (!overrun && world.reports.includes('scanned')) {
        overrun = true;
        world.libc.drops = 5;
        world.deliver(ENOBUFS);
        const ns = process.hrtime.bigint();
        world.deliver([{ bytes: datagram({ what: What.FORK, seq: 2, words: [1, 1, 1002, 1002], ns }) }]);
      }
      return losses(world.heard).length > 0;
    },
    { prepare: steadyClock },
  );
  const [loss, last] = [losses(heard)[0], heard.findLast(({ kind }) => kind === 'FORK')];
  expect(loss).toMatchObject({ reason: 'tail', count: 5 });
  if (loss?.kind === 'LOSS' && last?.kind === 'FORK') expect(loss.fromTimeUs).toBeLessThan(last.timeUs - 500);
  expect(last).toBeDefined();
});

test('from a foreign namespace nothing is asked of the kernel, as what others asked for would arrive there with pids of its own', () => {
  const { libc, heard, reports } = direct((world) => scans(world.heard).filter((scan) => scan === 'fallback END').length > 1, {
    foreignNamespace: 'pid',
  });
  expect(reports.filter((report) => report !== 'scanned')).toEqual(expect.arrayContaining(['lost NETLINK_NAMESPACE']));
  expect(reports).not.toContain('subscribed');
  expect([libc.sent, libc.options]).toEqual([[], []]);
  expect(new Set(heard.map(({ kind }) => kind))).toEqual(new Set(['SCAN', 'SNAPSHOT', 'LOSS']));
});

test('after an overrun nothing is waited for before the drops are asked for: what was dropped may have been the last event for a long time', () => {
  let before = -1;
  const { waits } = direct((world) => {
    if (before < 0 && world.reports.includes('scanned')) {
      before = world.waits.length;
      world.libc.drops = 5;
      world.deliver(ENOBUFS);
      world.deliver([fork(2)]);
    }
    return losses(world.heard).length > 0;
  });
  const between = waits.slice(before, -1);
  expect(between).toEqual(between.map(() => 0));
  expect(between.length).toBeGreaterThan(0);
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
  expect(end?.kind === 'SCAN' && end.processes).toBeGreaterThan(1);
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

test('events from before a suspend that are read after it keep the wall clock and the boot clock of their time (garlic is a suspend off)', () => {
  const HOUR_US = 3600e6;
  const wallUs = 1_700_000_000_000_000;
  let sleptUs = 0;
  let resumedNs = 0;
  const { heard } = direct(
    (world) => {
      if (sleptUs === 0 && world.reports.includes('scanned') && world.heard.some(({ kind }) => kind === 'FORK')) {
        resumedNs = Number(process.hrtime.bigint());
        sleptUs = HOUR_US;
        const at = (seq: number, ms: number): FakeMessage => ({
          bytes: datagram({ what: What.FORK, seq, ns: BigInt(resumedNs + ms * 1e6), words: [1, 1, 1000 + seq, 1000 + seq] }),
        });
        world.deliver([at(3, -500), at(4, -120), at(5, 20), at(6, 400)]);
      } else if (sleptUs === 0 && world.reports.includes('scanned')) world.deliver([fork(2)]);
      return world.heard.filter(({ kind }) => kind === 'FORK').length >= 5;
    },
    { prepare: (libc) => void (libc.onClock = (clock) => Number(process.hrtime.bigint()) / 1000 + sleptUs + (clock === 0 ? wallUs : 0)) },
  );
  const events = heard.flatMap((h) => (h.kind === 'FORK' && h.monotonicNs >= resumedNs - 600e6 ? [h] : []));
  const errors = events.map(({ monotonicNs, timeUs }) => Math.abs(Math.round((timeUs - monotonicNs / 1000 - wallUs) / 1000)));
  expect(errors).toEqual([0, 0, HOUR_US / 1000, HOUR_US / 1000]);
});
