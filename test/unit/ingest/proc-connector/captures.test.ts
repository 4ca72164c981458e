import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { ExecEvent, ExitEvent, ForkEvent, Heard } from '../../../../src/core/kernel-event.ts';
import { What } from '../../../../src/ingest/proc-connector/wire.ts';
import { execRecord, exitRecord, forkRecord } from '../../../helpers/bpf-records.ts';
import type { FakeBpfRing } from '../../../helpers/fake-bpf.ts';
import type { FakeReceive } from '../../../helpers/fake-libc.ts';
import { play } from './played-reader.ts';
import { BATCH, NS, PID, exec, exit, fork, message, recorded } from './recorded-reader.ts';
import { datagram } from './vectors.ts';

describe('with the exec cache', () => {
  test('a process is known that is gone before anybody could look', async () => {
    const { run, heard } = await recorded([[fork(NS), exec(NS + 10), exit(NS + 20)]], {
      record: (ring, poll) => {
        if (poll !== BATCH) return;
        ring.put(forkRecord({ tgid: PID, stampNs: NS + 1, startBootNs: 77_777_777 }));
        ring.put(
          execRecord({ tgid: PID, stampNs: NS + 9, startBootNs: 77_777_777, exe: '/opt/tool', args: Buffer.from('tool\0--id=1\0') }),
        );
        ring.put(exitRecord({ tgid: PID, stampNs: NS + 19, numbers: { TOTAL: 3_000_000, MAX_PAGES: 10, VOLUNTARY: 4 } }));
      },
    });
    run();
    const [forked, execed, exited] = heard() as [ForkEvent, ExecEvent, ExitEvent];
    expect(forked).toMatchObject({ kind: 'FORK', startBootNs: 77_777_777 });
    expect(execed.capture?.kernel).toMatchObject({ args: true, exe: true, startBootNs: 77_777_777 });
    expect(execed.capture).toMatchObject({ cmdline: Buffer.from('tool\0--id=1\0'), exe: Buffer.from('/opt/tool'), stat: 125, status: 125 });
    expect(exited.usage).toMatchObject({ user_us: 3000, system_us: 0, voluntary_switches: 4 });
  });

  test('each exec of one process in a batch has its own record', async () => {
    const { run, heard } = await recorded([[exec(NS + 10), exec(NS + 20)]], {
      record: (ring, poll) => {
        if (poll !== BATCH) return;
        ring.put(execRecord({ tgid: PID, stampNs: NS + 9, exe: '/first' }));
        ring.put(execRecord({ tgid: PID, stampNs: NS + 19, exe: '/second' }));
      },
    });
    run();
    expect(heard().map((h) => h.kind === 'EXEC' && h.capture?.exe.toString())).toEqual(['/first', '/second']);
  });

  test('an exec without a record is not taken for the next one of its process, which is what /proc shows by then', async () => {
    const execOf = (ns: number, seq: number) => ({
      bytes: datagram({ what: What.EXEC, ns: BigInt(ns), words: [process.pid, process.pid], seq }),
    });
    const { run, heard } = await recorded([[execOf(NS + 10, 2), execOf(NS + 20, 3)]], {});
    run();
    const [first, second] = heard() as [ExecEvent, ExecEvent];
    expect([first.capture?.cmdline, first.capture?.exe]).toEqual([constants.errno.ESRCH, constants.errno.ESRCH]);
    expect(second.capture?.cmdline).toBeInstanceOf(Buffer);
  });

  test('a fork whose record is made while its batch is read gets it', async () => {
    const now = Number(process.hrtime.bigint());
    const { run, heard } = await recorded(
      [[{ bytes: datagram({ what: What.FORK, ns: BigInt(now + 1e9), words: [1, 1, PID, PID], seq: 2 }) }]],
      {
        record: (ring, poll) => {
          if (poll === BATCH + 1) ring.put(forkRecord({ tgid: PID, stampNs: now + 1e9 + 5, startBootNs: 123 }));
        },
      },
    );
    run();
    expect(heard()[0]).toMatchObject({ kind: 'FORK', startBootNs: 123 });
  });

  test('an exec whose record is hidden behind one that is still being written gets it', async () => {
    const other = execRecord({ tgid: 1, stampNs: NS + 1 });
    let busy = 0;
    const { run, heard } = await recorded([[exec(NS + 10)]], {
      record: (ring, poll) => {
        if (poll === BATCH) {
          busy = ring.put(other, { state: 'busy' });
          ring.put(execRecord({ tgid: PID, stampNs: NS + 9, exe: '/hidden' }));
        }
        if (poll === BATCH + 3) ring.finish(busy, other.length);
      },
    });
    run();
    expect((heard()[0] as ExecEvent).capture?.exe.toString()).toBe('/hidden');
  });

  test('what is still being written is not waited for without end', async () => {
    const { run, heard } = await recorded([[exec(NS + 10), exec(NS + 20)]], {
      record: (ring, poll) => void (poll === BATCH && ring.put(execRecord({ tgid: 1, stampNs: NS + 1 }), { state: 'busy' })),
    });
    run();
    expect(heard().map((h) => h.kind === 'EXEC' && h.capture?.kernel)).toEqual([undefined, undefined]);
  });

  test('an exec without a record is read from /proc', async () => {
    const me = process.pid;
    const { run, heard } = await recorded([[message(What.EXEC, NS, [me, me])]], {});
    run();
    const [mine] = heard() as [ExecEvent];
    expect(Buffer.isBuffer(mine.capture?.stat)).toBe(true);
    expect(mine.capture?.kernel).toBeUndefined();
  });

  test('the record of a thread’s fork is nobody’s', async () => {
    const { run, heard } = await recorded([[message(What.FORK, NS, [1, 1, PID - 1, PID])]], {
      record: (ring, poll) => void (poll === BATCH && ring.put(forkRecord({ tgid: PID, stampNs: NS + 1, startBootNs: 5 }))),
    });
    run();
    expect(heard()[0]).toMatchObject({ kind: 'FORK', startBootNs: undefined });
  });

  test('an exec whose event is half a second late still gets its record', async () => {
    const { run, heard } = await recorded([[exit(NS)], [exit(NS + 400e6)], [exec(NS + 500e6)]], {
      record: (ring, poll) => void (poll === BATCH && ring.put(execRecord({ tgid: PID, stampNs: NS - 5, exe: '/traced' }))),
    });
    run();
    expect((heard()[2] as ExecEvent).capture?.exe.toString()).toBe('/traced');
  });

  test('records that nobody takes give their room back', async () => {
    let ring: FakeBpfRing | undefined;
    const { run } = await recorded([[exit(NS)], [exit(NS + 2e9)], [exit(NS + 2e9 + 1)]], {
      record: (given, poll) => {
        ring = given;
        if (poll === BATCH) given.put(execRecord({ tgid: 1, stampNs: NS - 5 }));
      },
    });
    run();
    expect(ring?.produced).toBeGreaterThan(0);
    expect(ring?.consumed).toBe(ring?.produced);
  });
});

describe('an exec whose message was lost', () => {
  /** After the subscription of the test. */
  const now = Number(process.hrtime.bigint()) + 60e9;
  const record = (ring: FakeBpfRing, poll: number): void =>
    void (poll === BATCH && ring.put(execRecord({ tgid: PID, stampNs: now + 512, exe: '/opt/lost', args: Buffer.from('lost\0') })));
  /** Messages two seconds apart. */
  const seqs = (...numbers: number[]): FakeReceive[] =>
    numbers.map((seq, i) => [{ bytes: datagram({ what: What.SID, ns: BigInt(now + 1024 + i * 2e9), words: [1, 1], seq }) }]);
  const recoveredOf = (heard: readonly Heard[]) => heard.filter(({ kind }) => kind === 'RECOVERED');

  test('is told from its record, where messages were lost', async () => {
    const { run, heard } = await recorded(seqs(9, 10, 11), { record });
    run();
    expect(recoveredOf(heard())).toMatchObject([
      { pid: PID, tgid: PID, monotonicNs: now + 512, capture: { exe: Buffer.from('/opt/lost'), kernel: { args: true } } },
    ]);
  });

  test('is none where nothing was lost: it is only late, or was before the subscription', async () => {
    const { run, heard } = await recorded(seqs(2, 3, 4), { record });
    run();
    expect(recoveredOf(heard())).toEqual([]);
  });
});

describe('the programs', () => {
  test('run before the subscription is asked for, and are gone after it', async () => {
    const { run, bpf, libc } = await recorded([], {});
    const running: number[] = [];
    const sent = libc.onSend;
    libc.onSend = (bytes) => {
      running.push(bpf.running.size);
      sent(bytes);
    };
    run();
    expect(running[0]).toBeGreaterThan(0);
    expect([bpf.running.size, bpf.open]).toEqual([0, 0]);
  });

  test('are gone after an end by an error, too', async () => {
    const { run, bpf, libc } = await recorded([], {});
    libc.failing.bind = 1;
    expect(run).toThrow(expect.objectContaining({ code: 'NETLINK_PERMISSION' }));
    expect([bpf.running.size, bpf.open]).toEqual([0, 0]);
    expect(bpf.loads.length).toBeGreaterThan(0);
  });
});

describe('without an exec cache', () => {
  test('that has to be there nothing begins, and the reason and the way out are named', () => {
    const { run, libc } = play([], { config: { execCache: 'on' } });
    expect(run).toThrow(
      expect.objectContaining({
        code: 'EXEC_CACHE_UNAVAILABLE',
        message: 'the exec cache cannot be used: there is none here',
        fix: 'Try elsewhere. Or set enrich.exec_cache to auto, which reads /proc instead.',
      }),
    );
    expect(libc.sent).toEqual([]);
    expect(libc.closed).toContain(44);
  });

  test('that is off nobody is asked for one', () => {
    const { run, captures } = play([], { config: { execCache: 'off' }, openExecCache: () => expect.unreachable() });
    run();
    expect(captures()).toEqual({ via: 'procfs', reason: 'enrich.exec_cache is off' });
  });

  test.each(['bpf', 'mask'] as const)(
    'that could match nothing nobody is asked for one, as the kernel leaves out what has records: %s',
    (mechanism) => {
      const kernelFilter = { kinds: ['COMM', 'UID'] as const, mechanism };
      const { run, captures } = play([], { config: { execCache: 'auto', kernelFilter }, openExecCache: () => expect.unreachable() });
      run();
      const reason = 'source.kernel_filter leaves out fork, exec and exit, so there is nothing to record';
      expect(captures()).toEqual({ via: 'procfs', reason });
    },
  );

  test.each(['FORK', 'EXEC', 'EXIT'] as const)('is asked for, where one kind of those comes: %s', async (kind) => {
    const { run, bpf } = await recorded([], { config: { kernelFilter: { kinds: ['COMM', kind], mechanism: 'bpf' } } });
    run();
    expect(bpf.loads).toHaveLength(1);
  });

  test('the reason is told with the subscription', () => {
    const { run, captures } = play([], { config: { execCache: 'auto' } });
    run();
    expect(captures()).toEqual({ via: 'procfs', reason: 'there is none here' });
  });

  test('what a kernel does not record is told', async () => {
    const { run, bpf, captures } = await recorded([], {});
    bpf.unattachable.set('on_fork', 2);
    run();
    expect(captures()).toMatchObject({
      via: 'kernel',
      missing: [{ feature: 'fork', reason: expect.stringContaining('ENOENT') as string }],
    });
  });
});
