import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRoot } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** deploy/entry.sh with a stand-in for forkcast that says who it is, under the capabilities a container may have been given. */
const root = resolve(import.meta.dirname, '../..');
const NET_ADMIN = 1 << 12;
const SYS_PTRACE = 1 << 19;

async function enter(bounding: string, args: readonly string[] = [], setpriv: readonly string[] = []) {
  const folder = await tempDir({ readable: true });
  const script = (await readFile(join(root, 'deploy/entry.sh'), 'utf8')).replaceAll('/opt/forkcast/bin/forkcast', join(folder, 'show'));
  await writeFile(join(folder, 'entry'), script);
  await writeFile(join(folder, 'show'), `#!/bin/sh\nid -u\nsed -n 's/^CapEff:\\t//p; s/^NoNewPrivs:\\t//p' /proc/self/status\necho "$*"\n`);
  for (const name of ['entry', 'show']) await chmod(join(folder, name), 0o755);
  const { code, stdout, stderr } = await runCommand('setpriv', [`--bounding-set=${bounding}`, ...setpriv, join(folder, 'entry'), ...args]);
  const [uid, capabilities = '', noNewPrivileges, passed] = stdout.split('\n');
  return { code, stderr, uid, capabilities: Number.parseInt(capabilities, 16), noNewPrivileges, passed };
}

describe.runIf(isRoot)('deploy/entry.sh', () => {
  it('becomes the agent’s user with only the capabilities it is there for', async () => {
    const state = await enter('-all,+net_admin,+sys_ptrace,+setuid,+setgid', ['run', '--duration', '1s']);
    const capabilities = NET_ADMIN | SYS_PTRACE;
    expect(state).toEqual({ code: 0, stderr: '', uid: '943', capabilities, noNewPrivileges: '1', passed: 'run --duration 1s' });
  });

  it('makes do with fewer', async () => {
    expect(await enter('-all,+net_admin,+setuid,+setgid')).toMatchObject({ code: 0, uid: '943', capabilities: NET_ADMIN });
    expect(await enter('-all,+setuid,+setgid')).toMatchObject({ code: 0, uid: '943', capabilities: 0 });
  });

  it('stays root where it may not change, and another user where it was started as one', async () => {
    expect(await enter('-all,+net_admin')).toMatchObject({ code: 0, uid: '0', capabilities: NET_ADMIN });
    expect(await enter('+all', [], ['--reuid=65534', '--clear-groups'])).toMatchObject({ code: 0, uid: '65534', capabilities: 0 });
  });
});
