import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Drops of one netlink socket as the kernel counts them (`/proc/net/netlink`, by inode; 32 bits, wrapping).
 * undefined when the socket's line is not there.
 */
export function socketDrops(fd: number): number | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
  return inode === undefined ? undefined : findDrops(readFileSync('/proc/net/netlink', 'latin1'), inode);
}

/** Columns: sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode. */
export function findDrops(table: string, inode: string): number | undefined {
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[9] === inode) return Number(columns[8]);
  }
  return undefined;
}
