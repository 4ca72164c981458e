import { describe, expect, test } from 'vitest';
import { FORKCAST } from '../helpers/agent-process.ts';
import { isRoot } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** Runs the agent inside new namespaces for two seconds. */
async function inside(...flags: string[]): ReturnType<typeof runCommand> {
  return runCommand('unshare', [...flags, FORKCAST, 'run', '--duration', '2s', '--set', 'sinks={disk: {type: file}}'], {
    cwd: await tempDir(),
  });
}

describe.runIf(isRoot)('where the kernel does not deliver', () => {
  test('another network namespace: 69, and how to get out of it', async () => {
    const { code, stderr } = await inside('--net');
    expect(code).toBe(69);
    expect(stderr).toContain('network namespace');
    expect(stderr).toContain('hostNetwork');
  });

  test('another pid namespace: 69, and how to get out of it', async () => {
    const { code, stderr } = await inside('--pid', '--fork', '--mount-proc');
    expect(code).toBe(69);
    expect(stderr).toContain('--pid=host');
  });

  test('other mount, uts, ipc and cgroup namespaces are no obstacle', async () => {
    expect(await inside('--mount', '--uts', '--ipc', '--cgroup')).toMatchObject({ code: 0 });
  });

  test('doctor says the same', async () => {
    const { code, stdout } = await runCommand('unshare', ['--net', FORKCAST, 'doctor', '--json'], { cwd: await tempDir() });
    expect(code).toBe(1);
    expect(stdout).toContain('network namespace');
  });
});
