import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ForkEvent, Heard } from '../../../../src/core/kernel-event.ts';
import { ForkFlag, MoveFlag, RecordType } from '../../../../src/ingest/capture/bpf/layout.ts';
import { cgroupRecord, forkRecord } from '../../../helpers/bpf-records.ts';
import { BATCH, NS, PID, exec, exit, fork, recorded } from './recorded-reader.ts';

const EAGAIN = 11;

describe('a process that is put into a cgroup', () => {
  const INSIDE = '/docker/one';
  const made = cgroupRecord({ type: RecordType.CGROUP_MADE, hierarchy: 0, id: 40, path: INSIDE });
  const moved = (stampNs: number, { id = 40, tgid = PID } = {}) =>
    cgroupRecord({ type: RecordType.MOVE, hierarchy: 0, id, path: INSIDE, tgid, stampNs, flags: MoveFlag.WHOLE_GROUP, cgroups: [id] });
  const told = (heard: readonly Heard[]) =>
    heard.map((h) =>
      h.kind === 'MOVED' ? `${h.tgid} ${typeof h.cgroup === 'number' ? h.cgroup : Buffer.from(h.cgroup).toString()}` : h.kind,
    );

  test('is told of between what was heard before and after', async () => {
    const { run, heard } = await recorded([[fork(NS), exec(NS + 10), exit(NS + 20)], [exit(NS + 30)]], {
      record: (_ring, poll, cgroups) => {
        if (poll !== BATCH) return;
        for (const one of [made, moved(NS + 5), moved(NS + 10), moved(NS + 25), moved(NS + 9e8)]) cgroups.put(one);
      },
    });
    run();
    const move = `${PID} 0::${INSIDE}\n`;
    expect(told(heard())).toEqual(['FORK', move, move, 'EXEC', 'EXIT', move, 'EXIT', move]);
    const [, first] = heard();
    expect(first).toMatchObject({ monotonicNs: NS + 5 });
    expect(first?.kind === 'MOVED' && Math.round(first.timeUs - (heard()[0] as ForkEvent).timeUs)).toBe(0);
  });

  test('is told of although nothing else happens', async () => {
    const at = Number(process.hrtime.bigint());
    const { run, heard } = await recorded([[fork(NS)], EAGAIN], {
      record: (_ring, poll, cgroups) => void (poll === BATCH && [made, moved(at - 200e6)].forEach((one) => cgroups.put(one))),
    });
    run();
    expect(told(heard()).at(-1)).toBe(`${PID} 0::${INSIDE}\n`);
  });

  test('is told of after as many others as there may be, in frames that are full', async () => {
    const long = `/${'x'.repeat(900)}`;
    const { run, heard } = await recorded([[fork(NS), exit(NS + 1000)]], {
      record: (_ring, poll, cgroups) => {
        if (poll !== BATCH) return;
        cgroups.put(cgroupRecord({ type: RecordType.CGROUP_MADE, hierarchy: 0, id: 40, path: long }));
        for (let n = 1; n <= 600; n += 1) cgroups.put(moved(NS + n, { tgid: n }));
      },
    });
    run();
    const kinds = heard().map(({ kind }) => kind);
    expect([kinds[0], kinds.at(-1), kinds.length]).toEqual(['FORK', 'EXIT', 602]);
    expect(heard().map((h) => (h.kind === 'MOVED' ? h.tgid : 0))).toEqual([0, ...Array.from({ length: 600 }, (_, n) => n + 1), 0]);
  });

  test('of which nobody knows the path is looked at, and else nowhere', async () => {
    const { run, heard } = await recorded([[exit(NS + 30)]], {
      record: (_ring, poll, cgroups) => {
        if (poll !== BATCH) return;
        cgroups.put(moved(NS, { id: 77 }));
        cgroups.put(moved(NS, { id: 77, tgid: process.pid }));
      },
    });
    run();
    expect(told(heard())).toEqual([`${PID} 2`, `${process.pid} ${readFileSync('/proc/self/cgroup', 'latin1')}`, 'EXIT']);
  });

  test('at its birth, is there at its fork', async () => {
    const { run, heard } = await recorded([[fork(NS), fork(NS + 10)]], {
      record: (ring, poll, cgroups) => {
        if (poll !== BATCH) return;
        cgroups.put(made);
        ring.put(forkRecord({ tgid: PID, stampNs: NS + 1, startBootNs: 123, cgroups: [40] }));
        ring.put(forkRecord({ tgid: PID, stampNs: NS + 11, startBootNs: 456, flags: ForkFlag.SAME_CGROUPS }));
      },
    });
    run();
    expect(heard()).toMatchObject([
      { kind: 'FORK', startBootNs: 123, cgroup: Buffer.from(`0::${INSIDE}\n`) },
      { kind: 'FORK', startBootNs: 456, cgroup: undefined },
    ]);
  });

  test('at its birth, of which the record comes after the FORK, is there before all of its own', async () => {
    const { run, heard } = await recorded([[fork(NS)], [exit(NS + 20, PID - 1), exec(NS + 30), exit(NS + 40)]], {
      record: (ring, poll, cgroups) => {
        if (poll !== BATCH + 1) return;
        for (const one of [made, moved(NS + 15, { tgid: 7 }), moved(NS + 35, { tgid: 8 })]) cgroups.put(one);
        ring.put(forkRecord({ tgid: PID, stampNs: NS + 25, startMonotonicNs: NS - 1, cgroups: [40] }));
      },
    });
    run();
    const line = `0::${INSIDE}\n`;
    expect(told(heard())).toEqual(['FORK', `7 ${line}`, 'EXIT', `${PID} ${line}`, 'EXEC', `8 ${line}`, 'EXIT']);
    expect(heard()[0]).toMatchObject({ kind: 'FORK', cgroup: undefined });
    expect(heard()[3]).toMatchObject({ kind: 'MOVED', monotonicNs: NS + 25 });
  });

  test('of its parent, at its birth, of which the record comes late, is not told of', async () => {
    const { run, heard } = await recorded([[fork(NS)], [exit(NS + 40)]], {
      record: (ring, poll) => {
        if (poll !== BATCH + 1) return;
        ring.put(forkRecord({ tgid: PID, stampNs: NS + 25, startMonotonicNs: NS - 1, flags: ForkFlag.SAME_CGROUPS }));
      },
    });
    run();
    expect(told(heard())).toEqual(['FORK', 'EXIT']);
  });
});
