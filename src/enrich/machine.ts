/** What /proc listings leave open, and only the machine that they are of can answer. */
export interface Machine {
  /** Whether anything runs under the pid, also where /proc hides the processes of others (hidepid). */
  isAlive(pid: number): boolean;
  /** Whether /proc shows the wait status of every zombie; otherwise 0 says nothing. */
  readonly seesExitStatus: boolean;
}

export const thisMachine: Machine = {
  isAlive(pid) {
    try {
      return process.kill(pid, 0);
    } catch (error) {
      // EPERM: it is there, and not ours.
      return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
    }
  },
  seesExitStatus: process.geteuid?.() === 0,
};

/** Of what was recorded, the listings are all there is. */
export const recordedMachine: Machine = { isAlive: () => false, seesExitStatus: false };
