import { describe, expect, it } from 'vitest';
import { isEscalation } from '../../../../src/enrich/marks/escalation.ts';
import { marksOf } from '../../../../src/enrich/marks/marks.ts';
import { isNameMismatch } from '../../../../src/enrich/marks/name-mismatch.ts';
import { isShellOnSocket } from '../../../../src/enrich/marks/shell-on-socket.ts';
import { shared } from '../fixtures.ts';

describe('a shell on a socket', () => {
  const streams = (input: string, output: string) => shared(`${input}\0${output}`);
  const sockets = streams('socket:[81723]', 'socket:[81723]');

  it.each([
    ['/bin/sh', null],
    ['/usr/bin/bash', ['-i']],
    ['dash', null],
    ['/bin/busybox', ['sh', '-i']],
    ['/bin/busybox', ['/bin/ash']],
    ['/bin/busybox', ['-ash']],
    ['/bin/busybox', ['busybox', 'sh']],
  ])('is %s %j', (exe, args) => {
    expect(isShellOnSocket({ exe, args, streams: sockets })).toBe(true);
  });

  it.each([
    ['/usr/bin/cat', ['sh']],
    ['/bin/busybox', ['ls']],
    ['/bin/busybox', []],
    ['/bin/busybox', null],
    ['/opt/bash/run', null],
    [null, ['sh']],
  ])('is not %s %j', (exe, args) => {
    expect(isShellOnSocket({ exe, args, streams: sockets })).toBe(false);
  });

  it.each([
    ['a terminal', streams('/dev/pts/0', '/dev/pts/0')],
    ['one of the two', streams('socket:[1]', '/dev/null')],
    ['the other', streams('/dev/null', 'socket:[1]')],
    ['a closed one', streams('socket:[1]', '')],
    ['a file of that name', streams('/tmp/socket:[1]', '/tmp/socket:[1]')],
    ['half an answer', shared('socket:[1]')],
    ['nothing', shared('')],
    ['an error', 2],
  ])('is not one on %s', (_what, piece) => {
    expect(isShellOnSocket({ exe: '/bin/sh', args: null, streams: piece })).toBe(false);
  });
});

describe('a name that is not the file’s', () => {
  const mismatch = (filename: string | null, ...args: string[]) => isNameMismatch({ filename, args, isScript: false });

  it.each([
    ['/usr/bin/nc', 'kworker/0:1'],
    ['/usr/bin/nc', '[kworker]'],
    ['/tmp/x', 'sshd: root'],
    ['/tmp/x', ''],
  ])('%s as %j', (filename, shown) => {
    expect(mismatch(filename, shown)).toBe(true);
  });

  it.each([
    ['/bin/sh', 'sh'],
    ['/bin/sh', '/usr/bin/sh'],
    ['/bin/bash', '-bash'],
    ['/usr/bin/dbus-daemon', '@dbus-daemon'],
    ['./tool', './tool'],
    ['tool', '/opt/tool'],
    ['/proc/self/exe', 'runc'],
    ['/dev/fd/4', 'x'],
    [null, 'x'],
  ])('is none in %s as %j', (filename, shown) => {
    expect(mismatch(filename, shown)).toBe(false);
  });

  it('is none in a script, or where nothing is shown', () => {
    expect(isNameMismatch({ filename: './run.py', args: ['/usr/bin/python3', './run.py'], isScript: true })).toBe(false);
    expect([
      isNameMismatch({ filename: '/bin/x', args: [], isScript: false }),
      isNameMismatch({ filename: '/bin/x', args: null, isScript: false }),
    ]).toEqual([false, false]);
  });
});

describe('escalation', () => {
  it('is root where nobody was', () => {
    expect(isEscalation({ uid: 1000, euid: 1000 }, { uid: 1000, euid: 0 })).toBe(true);
  });

  it.each([
    [
      { uid: 0, euid: 0 },
      { uid: 0, euid: 0 },
    ],
    [
      { uid: 0, euid: 1000 },
      { uid: 0, euid: 0 },
    ],
    [
      { uid: 1000, euid: 0 },
      { uid: 0, euid: 0 },
    ],
    [
      { uid: null, euid: null },
      { uid: 0, euid: 0 },
    ],
    [
      { uid: 1000, euid: 1000 },
      { uid: 1000, euid: 33 },
    ],
    [
      { uid: 1000, euid: 1000 },
      { uid: null, euid: null },
    ],
  ])('is not %j to %j', (before, after) => {
    expect(isEscalation(before, after)).toBe(false);
  });
});

describe('marks', () => {
  const none = { escalation: false, shellOnSocket: false, nameMismatch: false };

  it('are null where there is none, and in the order of the schema', () => {
    expect(marksOf(none)).toBeNull();
    expect(marksOf({ ...none, nameMismatch: true })).toEqual(['NAME_MISMATCH']);
    expect(marksOf({ escalation: true, shellOnSocket: true, nameMismatch: true })).toEqual([
      'ESCALATION',
      'SHELL_ON_SOCKET',
      'NAME_MISMATCH',
    ]);
  });

  it('are the same object for the same marks', () => {
    expect(marksOf({ ...none, escalation: true })).toBe(marksOf({ ...none, escalation: true }));
  });
});
