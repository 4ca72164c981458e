import { describe, expect, test } from 'vitest';
import type { Check } from '../../src/cli/doctor/finding.ts';
import { AgentProcess, FORKCAST } from '../helpers/agent-process.ts';
import { hasExecCache } from '../helpers/live-exec-cache.ts';
import { NOBODY, asOrdinaryUser, isRoot, ordinaryUserDir, programForOrdinaryUser } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const ASKED = ['--set', 'enrich.exec_cache=auto'];

function lineOf(stdout: string): Check | undefined {
  return (JSON.parse(stdout) as { checks: Check[] }).checks.find(({ name }) => name === 'exec cache');
}

describe('the doctor on the exec cache', () => {
  test.runIf(hasExecCache)('loads the programs, says what they record, and ends', async () => {
    const { code, stdout, stderr } = await runCommand(FORKCAST, ['doctor', '--json', ...ASKED], { cwd: await tempDir() });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(lineOf(stdout)).toMatchObject({ status: 'ok', found: 'the kernel records exec, fork, exit, cgroups' });
  });

  test('says to an ordinary user what START says, and how to have it', async () => {
    const dir = await ordinaryUserDir();
    const program = await programForOrdinaryUser(dir);
    const { stdout } = await asOrdinaryUser(program, ['doctor', '--json', ...ASKED], { cwd: dir });
    const line = lineOf(stdout);
    expect(line).toMatchObject({ status: 'degraded', fix: expect.stringContaining('CAP_BPF') as string });
    const agent = new AgentProcess({ dir, program, set: ['enrich.exec_cache=auto'], ...(isRoot ? { uid: NOBODY } : {}) });
    await agent.ready();
    await agent.stop();
    const start = (await agent.agentEvents())[0]?.start;
    expect(start?.degraded).toContainEqual({ feature: 'exec_cache', reason: line?.found });
  });
});
