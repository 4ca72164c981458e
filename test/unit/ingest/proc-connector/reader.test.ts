import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { Phase } from '../../../../src/ingest/proc-connector/control.ts';
import { What } from '../../../../src/ingest/proc-connector/wire.ts';
import { fork, ignores, play } from './played-reader.ts';
import { datagram } from './vectors.ts';

const EAGAIN = 11;
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

  test('for each LISTEN, also where its answer got lost: kernels before 6.6 count each of them', () => {
    let asked = 0;
    const { run, libc, reports } = play([], {
      answer: (ack) => ((asked += 1) === 1 ? [] : [{ bytes: datagram({ what: What.NONE, ack: ack + 1, seq: 1 }) }]),
    });
    const receive = libc.onReceive;
    // Patient until the second one is answered.
    libc.onReceive = (count) => (asked < 2 ? EAGAIN : receive(count));
    libc.poll = (_fds?: Uint8Array, timeoutMs = 0) => {
      if (asked < 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
      return { value: 1, errno: 0 };
    };
    run();
    expect(reports).toContain('subscribed');
    // LISTEN, IGNORE, LISTEN, IGNORE: never two LISTENs that are owed one.
    expect(libc.sent.map((message) => message.readUInt32LE(36))).toEqual([1, 2, 1, 2]);
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
