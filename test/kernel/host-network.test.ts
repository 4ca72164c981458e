import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { What } from '../../src/ingest/proc-connector/wire.ts';
import { isRoot } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import type { HostNetworkReport } from './host-network-run.ts';

const SCRIPT = join(import.meta.dirname, 'host-network-run.ts');

/** What the script says when it is started by these words. */
async function report(program: string, ...args: string[]): Promise<HostNetworkReport> {
  const { code, stdout, stderr } = await runCommand(program, [...args, process.execPath, SCRIPT]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as HostNetworkReport;
}

describe.runIf(isRoot)('from another network namespace', () => {
  test('a socket opened in the host’s is heard, and the thread is back where it was', async () => {
    const { before, during, after, kinds, drops } = await report('unshare', '--net');
    expect(during).not.toBe(before);
    expect(after).toBe(before);
    expect(kinds).toEqual([What.FORK, What.EXEC, What.EXIT]);
    expect(drops).toBe(0);
  });

  test('without the right to enter the host’s the error says what is missing', async () => {
    const { error } = await report('unshare', '--net', 'setpriv', '--bounding-set=-sys_admin');
    expect(error).toEqual({ code: 'NETLINK_NAMESPACE', fix: expect.stringContaining('CAP_SYS_ADMIN') as string });
  });

  test('without the right to look at the host’s the kernel’s refusal says where to run', async () => {
    const { error } = await report('unshare', '--net', 'setpriv', '--bounding-set=-sys_ptrace');
    expect(error).toEqual({ code: 'NETLINK_NAMESPACE', fix: expect.stringContaining('--network=host') as string });
  });
});

test('in the host’s own network nothing is entered', async () => {
  const { before, during, after, kinds } = await report('env');
  expect([during, after]).toEqual([before, before]);
  expect(kinds).toEqual([What.FORK, What.EXEC, What.EXIT]);
});
