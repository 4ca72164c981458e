import { randomInt } from 'node:crypto';
import { AgentError } from '../../core/errors.ts';
import type { KernelKind } from '../../core/kernel-event.ts';
import type { Libc } from '../native/libc.ts';
import type { FilterMechanism } from './kernel-filter.ts';
import { attachFilter, filterProgram, maskOf } from './kernel-filter.ts';
import { Op, controlMessage } from './wire.ts';

/** Which kinds the kernel is to let through, and how it is told. */
export interface KernelFilter {
  readonly kinds: readonly KernelKind[];
  readonly mechanism: Exclude<FilterMechanism, 'none'>;
}

/**
 * Leaves only these kinds to a socket whose subscription is confirmed: neither way of filtering lets a confirmation through. A second LISTEN of
 * the same socket is not counted again, and not answered.
 */
export function narrow(libc: Libc, fd: number, { kinds, mechanism }: KernelFilter): void {
  const mask = maskOf(kinds);
  if (mechanism === 'bpf') return attachFilter(libc, fd, filterProgram(mask));
  const { value, errno } = libc.send(fd, controlMessage(Op.LISTEN, randomInt(1, 0xffffffff), mask));
  if (value < 0) throw new AgentError('NETLINK_SOCKET', `the kernel refused the filter: errno ${errno}`, { context: { errno } });
}
