import { AgentError } from '../../core/errors.ts';
import type { Libc } from '../native/libc.ts';
import { Errno } from '../native/libc.ts';

// linux/socket.h, asm-generic/socket.h, linux/netlink.h
const AF_NETLINK = 16;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_CONNECTOR = 11;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_DROP_MEMBERSHIP = 2;
const PROC_GROUP = 1;

export interface ConnectorSocket {
  readonly fd: number;
  /** What the kernel granted, in its own accounting (twice what was asked). */
  readonly receiveBufferBytes: number;
  /** False: without CAP_NET_ADMIN the buffer was clamped to rmem_max. */
  readonly forced: boolean;
}

/** Opens and binds a connector socket; nothing is subscribed yet. Throws NETLINK_* with the reason and the fix. */
export function openConnectorSocket(libc: Libc, receiveBufferBytes: number): ConnectorSocket {
  const { value: fd, errno } = libc.socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
  if (fd < 0) throw socketError(errno);
  try {
    const forced = setReceiveBuffer(libc, fd, receiveBufferBytes);
    const bound = libc.bind(fd, address(PROC_GROUP));
    if (bound.value !== 0) throw bindError(bound.errno);
    return { fd, forced, receiveBufferBytes: receiveBufferOf(libc, fd) };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** Leaves the multicast group, so that what is queued is all there will be. */
export function leaveGroup(libc: Libc, fd: number): void {
  check(libc.setsockopt(fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, u32(PROC_GROUP)), 'NETLINK_DROP_MEMBERSHIP');
}

/** True where CAP_NET_ADMIN let it exceed rmem_max. What is in the buffer already stays. */
export function setReceiveBuffer(libc: Libc, fd: number, bytes: number): boolean {
  if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, u32(bytes)).value === 0) return true;
  check(libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, u32(bytes)), 'SO_RCVBUF');
  return false;
}

/** What the kernel granted, in its own accounting. */
export function receiveBufferOf(libc: Libc, fd: number): number {
  const value = Buffer.alloc(4);
  check(libc.getsockopt(fd, SOL_SOCKET, SO_RCVBUF, value), 'SO_RCVBUF');
  return value.readUInt32LE();
}

/** struct sockaddr_nl with port 0: the kernel chooses, since a second socket of this process could hold getpid(). */
function address(groups: number): Buffer {
  const sockaddr = Buffer.alloc(12);
  sockaddr.writeUInt16LE(AF_NETLINK, 0);
  sockaddr.writeUInt32LE(groups, 8);
  return sockaddr;
}

function u32(n: number): Buffer {
  const value = Buffer.alloc(4);
  value.writeUInt32LE(n);
  return value;
}

function check(result: { value: number; errno: number }, what: string): void {
  if (result.value < 0)
    throw new AgentError('NETLINK_SOCKET', `connector socket: ${what} failed with errno ${result.errno}`, {
      context: { errno: result.errno },
    });
}

function socketError(errno: number): AgentError {
  if (errno === Errno.EPROTONOSUPPORT) {
    return new AgentError('NETLINK_UNSUPPORTED', 'this kernel has no netlink connector (socket: EPROTONOSUPPORT)', {
      fix: 'Load the module "cn" or use a kernel built with CONFIG_CONNECTOR and CONFIG_PROC_EVENTS.',
    });
  }
  return new AgentError('NETLINK_SOCKET', `the connector socket could not be opened: errno ${errno}`, { context: { errno } });
}

function bindError(errno: number): AgentError {
  if (errno === Errno.EPERM || errno === Errno.EACCES) {
    return new AgentError('NETLINK_PERMISSION', 'this kernel does not let an ordinary user hear process events (bind: EPERM)', {
      fix: 'Run as root or with CAP_NET_ADMIN; kernels from 6.6 on allow it to everybody.',
    });
  }
  return new AgentError('NETLINK_SOCKET', `the connector socket could not be bound: errno ${errno}`, { context: { errno } });
}
