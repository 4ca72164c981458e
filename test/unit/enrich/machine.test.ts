import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { recordedMachine, thisMachine } from '../../../src/enrich/machine.ts';

describe('this machine', () => {
  it('knows who is alive: oneself, the kernel’s first process, and nobody who has been waited for', async () => {
    const { isAlive } = thisMachine([]);
    const child = spawn('true');
    const pid = child.pid as number;
    expect(isAlive(pid)).toBe(true);
    await once(child, 'exit');
    expect([isAlive(process.pid), isAlive(1), isAlive(pid)]).toEqual([true, true, false]);
  });
});

it.each([thisMachine, recordedMachine])('shows every zombie’s status to who may trace all: %o', (machine) => {
  expect(machine(['CAP_NET_ADMIN']).seesExitStatus).toBe(false);
  expect(machine(['CAP_NET_ADMIN', 'CAP_SYS_PTRACE']).seesExitStatus).toBe(true);
});

it('has nobody alive in a recording beyond its listings', () => {
  expect(recordedMachine([]).isAlive(process.pid)).toBe(false);
});
