import { AgentError } from '../core/errors.ts';

const BOOT_TIMEOUT_MS = 15_000;

/** Gives the work of starting so long and no longer: then its signal aborts with BOOT_TIMEOUT. */
export async function withinBootTime(work: (boot: AbortSignal) => Promise<void>): Promise<void> {
  const boot = new AbortController();
  const late = new AgentError('BOOT_TIMEOUT', `not started within ${BOOT_TIMEOUT_MS / 1000} s`, {
    fix: 'Look for what hangs: a disk, or /proc.',
  });
  const timer = setTimeout(() => boot.abort(late), BOOT_TIMEOUT_MS);
  try {
    await work(boot.signal);
  } finally {
    clearTimeout(timer);
  }
}
