import type { Capability } from '../core/capabilities.ts';

/** What listings of /proc leave open, and only the machine that they are of can answer. */
export interface Machine {
  /** Whether anything runs under the pid, also where /proc hides the processes of others (hidepid). */
  isAlive(pid: number): boolean;
  /** Whether /proc shows the wait status of every zombie; otherwise 0 says nothing. */
  readonly seesExitStatus: boolean;
}

const STATUS_CAPABILITY: Capability = 'CAP_SYS_PTRACE';

/** @param capabilities of the agent that reads /proc, by name */
export function thisMachine(capabilities: readonly string[]): Machine {
  return { isAlive: isPidAlive, seesExitStatus: capabilities.includes(STATUS_CAPABILITY) };
}

/** Of what was recorded, the listings are all there is. @param capabilities of the agent that recorded it */
export function recordedMachine(capabilities: readonly string[]): Machine {
  return { isAlive: () => false, seesExitStatus: capabilities.includes(STATUS_CAPABILITY) };
}

function isPidAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and not ours.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
