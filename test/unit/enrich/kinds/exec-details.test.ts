import { createHash } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXE_STAT_BYTES, writeExeStat } from '../../../../src/core/exe-stat.ts';
import type { IdEvent } from '../../../../src/core/kernel-event.ts';
import { ExeHashes } from '../../../../src/enrich/exe-hash/exe-hashes.ts';
import { createEnricher } from '../../../../src/enrich/enricher.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { CONFIG, DEPS, capture, eventOf, eventsOf, exec, gid, newEnricher, shared, snapshot, uid } from '../fixtures.ts';
import { AT, forked, ls } from './forked-shell.ts';

describe('EXEC whose process was looked at again', () => {
  const statOf = (mode: number) => {
    const bytes = Buffer.alloc(EXE_STAT_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    writeExeStat(view, 0, { inode: 9, device: 2, mtime: 5, size: 7, mode, links: 1 });
    return shared(bytes);
  };
  const sockets = shared('socket:[1]\0socket:[1]');

  it('has its session, namespace, file and chosen variables', () => {
    const pieces = { session: shared('5'), pidNs: shared('pid:[4026532199]'), environ: shared('A=1\0'), exeStat: statOf(0o100755) };
    expect(eventOf(forked().enricher, exec(AT + 1, 60, capture({ ...ls, pieces }))).process).toMatchObject({
      audit_session: 5,
      pid_ns: 4_026_532_199,
      env: { A: '1' },
      exe_file: { inode: 9, device: 2, mtime: 5, deleted: false, memfd: false, setuid: false, setgid: false },
    });
  });

  it('has none of them where nobody looked, or it was gone', () => {
    const none = { audit_session: null, pid_ns: null, env: null, exe_file: null, marks: null };
    const pieces = { session: 2, pidNs: 2, environ: 2, exeStat: 2, streams: 2 };
    for (const more of [{}, { pieces }])
      expect(eventOf(forked().enricher, exec(AT + 1, 60, capture({ ...ls, ...more }))).process).toMatchObject(none);
  });

  it('has the digest of its file as soon as that was read, and is never waited for', async () => {
    const path = join(await tempDir(), 'tool');
    writeFileSync(path, 'abc');
    const { ino: inode, dev: device, mtimeMs, mode } = statSync(path);
    const exeHashes = new ExeHashes({ procfs: '/nowhere' });
    onTestFinished(() => exeHashes.close());
    const enricher = createEnricher(CONFIG, { ...DEPS, exeHashes });
    const bytes = Buffer.alloc(EXE_STAT_BYTES);
    const stat = { inode, device, mtime: Math.floor(mtimeMs * 1000), size: 3, mode, links: 1 };
    writeExeStat(new DataView(bytes.buffer, bytes.byteOffset), 0, stat);
    const digest = () =>
      eventOf(enricher, exec(AT, 60, capture({ ...ls, exe: path, pieces: { exeStat: shared(bytes) } }))).process.exe_sha256;
    expect(digest()).toBeNull();
    const wanted = createHash('sha256').update('abc').digest('hex');
    await waitFor(() => Buffer.from(digest() ?? []).toString('hex') === wanted, { what: 'the digest' });
    expect(eventOf(newEnricher(), exec(AT, 60, capture({ ...ls, pieces: { exeStat: shared(bytes) } }))).process.exe_sha256).toBeNull();
  });

  it('is marked as a shell on a socket, and so is its SNAPSHOT; another program is not', () => {
    const shell = { ...ls, exe: '/bin/sh', argv: ['sh', '-i'], pieces: { streams: sockets } };
    expect(eventOf(forked().enricher, exec(AT + 1, 60, capture(shell))).process.marks).toEqual(['SHELL_ON_SOCKET']);
    expect(eventOf(newEnricher(), snapshot(AT, 60, capture(shell))).process.marks).toEqual(['SHELL_ON_SOCKET']);
    expect(eventOf(forked().enricher, exec(AT + 1, 60, capture({ ...shell, exe: '/bin/ls' }))).process.marks).toBeNull();
  });

  it('is marked where its set-user-id file made it root', () => {
    const { enricher } = forked();
    eventOf(enricher, exec(AT + 1, 60, capture({ ...ls, uid: 1000 })));
    const made = eventOf(enricher, exec(AT + 9, 60, capture({ ...ls, uid: 1000, euid: 0, pieces: { exeStat: statOf(0o104755) } })));
    expect(made.process.marks).toEqual(['ESCALATION']);
    expect(made.exec?.before).toMatchObject({ uid: 1000, euid: 1000 });
  });

  describe('whose file could not be looked at', () => {
    const GONE = { ...ls, pieces: { exe: 2, exeStat: 2, stat: 2, status: 2 } };
    const ordinary = () => {
      const { enricher } = forked();
      eventOf(enricher, exec(AT + 1, 60, capture({ ...ls, uid: 1000 })));
      return enricher;
    };

    it('is marked where the kernel told of an ordinary user who became root just before', () => {
      const enricher = ordinary();
      eventOf(enricher, uid(AT + 8.9, 60, [1000, 0]));
      const made = eventOf(enricher, exec(AT + 9, 60, capture(GONE)));
      expect(made.process).toMatchObject({ marks: ['ESCALATION'], uid: 1000, euid: 0 });
      expect(made.exec?.before).toEqual({ uid: 1000, gid: 100, euid: 1000, egid: 101 });
      expect(eventOf(enricher, exec(AT + 9.5, 60, capture(GONE))).process.marks).toBeNull();
    });

    it('is marked also right after the process took its own ids, as login programs do', () => {
      const { enricher } = forked();
      eventOf(enricher, exec(AT + 1, 60, capture({ ...ls, uid: 0 })));
      eventsOf(enricher, gid(AT + 8.6, 60, [100, 100]), uid(AT + 8.7, 60, [1000, 1000]), uid(AT + 8.9, 60, [1000, 0]));
      expect(eventOf(enricher, exec(AT + 9, 60, capture(GONE))).process.marks).toEqual(['ESCALATION']);
    });

    it('is not marked for another change, an older one, or none', () => {
      const after = (...to: IdEvent[]) => {
        const enricher = ordinary();
        eventsOf(enricher, ...to);
        return eventOf(enricher, exec(AT + 99, 60, capture(GONE)));
      };
      expect(after().process.marks).toBeNull();
      expect(after(uid(AT + 98.9, 60, [1000, 33])).exec?.before).toBeNull();
      expect(after(uid(AT + 98.9, 60, [0, 0])).process.marks).toBeNull();
      expect(after(uid(AT + 9, 60, [1000, 0])).process.marks).toBeNull();
    });
  });
});

describe('EXEC of a script', () => {
  const script = { ...ls, comm: 'run.sh', argv: ['/bin/sh', './run.sh', '-x'], exe: '/usr/bin/dash' };

  it('shows by the name that the kernel gave, as long as nothing came after it', () => {
    expect(eventOf(forked().enricher, exec(AT + 1, 60, capture(script))).process.script).toEqual({
      interpreter: '/bin/sh',
      path: './run.sh',
    });
    expect(eventOf(forked().enricher, exec(AT + 1, 60, capture({ ...script, comm: 'sh' }))).process.script).toBeNull();
    expect(eventOf(newEnricher(), snapshot(AT, 60, capture(script))).process.script).toBeNull();
  });

  it('does not show where its name or its arguments could not be read', () => {
    for (const pieces of [{ stat: 3 }, { cmdline: 3 }])
      expect(eventOf(forked().enricher, exec(AT + 1, 60, capture({ ...script, pieces }))).process.script).toBeNull();
  });
});
