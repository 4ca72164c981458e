import { eventsHeldBy } from '../core/receive-buffer.ts';
import type { HostFiles } from './host-files.ts';

/** Major and minor version of a kernel release such as "6.18.44-fc"; zeros when it is not understood. */
export interface KernelRelease {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

export function kernelRelease(text: string): KernelRelease {
  const [, major = '0', minor = '0', patch = '0'] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return { text: text.trim(), major: Number(major), minor: Number(minor), patch: Number(patch) };
}

export function atLeast(release: KernelRelease, major: number, minor: number): boolean {
  return release.major > major || (release.major === major && release.minor >= minor);
}

/** Bytes of socket buffer that any process may ask for; undefined when it cannot be read. */
export function receiveBufferLimit(files: HostFiles): number | undefined {
  const limit = Number.parseInt(files.text('/proc/sys/net/core/rmem_max') ?? '', 10);
  return Number.isSafeInteger(limit) ? limit : undefined;
}

/** Events that a receive buffer holds for which `bytes` are asked. */
export function eventsInBuffer(bytes: number): number {
  return eventsHeldBy(bytes * 2);
}
