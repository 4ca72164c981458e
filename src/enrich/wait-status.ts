import { constants } from 'node:os';
import type { ExitInfo } from '../core/event.ts';

/** bits/waitstatus.h: low seven bits the signal, bit 7 a core dump, next eight the exit code. */
const SIGNAL_MASK = 0x7f;
const CORE_FLAG = 0x80;
/** First real-time signal of the kernel; libc keeps 32 and 33 for itself and calls 34 SIGRTMIN. */
const KERNEL_RTMIN = 32;
const LIBC_RTMIN = 34;
const SIGNAL_NAMES = nameSignals();

/** Raw wait status, as the kernel's EXIT carries it: 256 is exit code 1, 9 is SIGKILL, 134 is SIGABRT with a core dump. */
export function decodeWaitStatus(status: number): ExitInfo {
  const signal = status & SIGNAL_MASK;
  const core_dumped = signal !== 0 && (status & CORE_FLAG) !== 0;
  if (signal === 0) return { code: (status >>> 8) & 0xff, signal: null, signal_name: null, core_dumped, duration_us: null, usage: null };
  return { code: null, signal, signal_name: signalName(signal), core_dumped, duration_us: null, usage: null };
}

/** Name of a signal on this architecture; null where it has none. */
export function signalName(signal: number): string | null {
  return SIGNAL_NAMES[signal] ?? null;
}

function nameSignals(): (string | null)[] {
  const names: (string | null)[] = [];
  // Aliases (SIGIOT, SIGPOLL) follow the usual name and must not replace it.
  for (const [name, signal] of Object.entries(constants.signals)) names[signal] ??= name;
  for (let signal = KERNEL_RTMIN; signal < LIBC_RTMIN; signal++) names[signal] ??= `SIG${signal}`;
  for (let signal = LIBC_RTMIN; signal <= 64; signal++)
    names[signal] ??= signal === LIBC_RTMIN ? 'SIGRTMIN' : `SIGRTMIN+${signal - LIBC_RTMIN}`;
  return names;
}
