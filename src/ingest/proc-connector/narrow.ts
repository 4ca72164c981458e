import type { KernelKind } from '../../core/kernel-event.ts';
import type { Libc } from '../native/libc.ts';

export function narrow(_libc: Libc, _fd: number, _kinds: readonly KernelKind[]): void {
  // placeholder, replaced by kernel-filter.ts
}
