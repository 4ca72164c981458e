import type { Capability } from '../../core/capabilities.ts';
import type { SelfTestResult } from '../actions.ts';
import { atLeast } from '../host.ts';
import type { KernelRelease } from '../host.ts';
import { ok } from './finding.ts';
import type { Check } from './finding.ts';

/** Unprivileged listening came with 6.6 (commit bfdfdc2f). */
export function checkKernel(release: KernelRelease, held: ReadonlySet<Capability>): Check {
  const name = 'kernel';
  if (release.major === 0)
    return { name, status: 'degraded', found: `release "${release.text}"`, consequence: 'what this kernel can do is not known', fix: null };
  if (!atLeast(release, 6, 6) && !held.has('CAP_NET_ADMIN')) {
    return {
      name,
      status: 'failed',
      found: release.text,
      consequence: 'before 6.6 only CAP_NET_ADMIN may listen to process events',
      fix: 'give the agent CAP_NET_ADMIN (systemd: AmbientCapabilities=CAP_NET_ADMIN; containers: cap_add), or run it as root',
    };
  }
  // The stable releases that had c46bfba1337d and not yet its revert 8929f95b2b58.
  if (release.major === 6 && release.minor === 6 && release.patch >= 13 && release.patch <= 17) {
    return {
      name,
      status: 'degraded',
      found: release.text,
      consequence: 'this kernel can stop sending process events when another program listens to some of them only',
      fix: 'update the kernel to 6.6.18 or newer',
    };
  }
  return ok(name, release.text);
}

/** @param fallback what the configuration wants where the kernel cannot be heard */
export function checkConnector(result: SelfTestResult, fallback: 'scan' | 'none'): Check {
  const name = 'process events';
  if (result.ok) return ok(name, result.reason);
  if (fallback === 'scan') {
    const consequence = 'the agent lists /proc every source.scan_interval instead, and misses what lives shorter';
    return { name, status: 'degraded', found: result.reason, consequence, fix: result.fix };
  }
  return { name, status: 'failed', found: result.reason, consequence: 'no event can be heard', fix: result.fix };
}

/** Nothing to find: the count of listeners is inside the kernel. It is said because it puzzles people. */
export function noteListeners(release: KernelRelease): Check {
  const consequence = atLeast(release, 6, 6)
    ? 'a listener that was killed with SIGKILL stays counted, and the kernel goes on making events (a microsecond each) until the next reboot'
    : 'the kernel counts listeners without knowing them: one program that signs off twice silences the others';
  return ok('listeners', 'not visible from outside the kernel', consequence);
}
