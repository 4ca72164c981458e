import { readFile, readdir, readlink } from 'node:fs/promises';
import type { AgentProcess } from './agent-process.ts';
import { waitFor } from './wait-for.ts';

/** A socket of the process connector, as the kernel lists it. */
export interface ConnectorSocket {
  /** Its netlink address: where other programs can send to. */
  readonly port: number;
  /** What waits in it. */
  readonly queuedBytes: number;
  readonly drops: number;
}

const NETLINK_CONNECTOR = '11';

/** Those that a process has open; the process must be in our network namespace. Columns: sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode. */
export async function connectorSockets(pid: number): Promise<ConnectorSocket[]> {
  const own = await openSockets(pid);
  const table = await readFile('/proc/net/netlink', 'utf8');
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1] === NETLINK_CONNECTOR && own.has(columns[9] as string))
    .map((columns) => ({ port: Number(columns[2]), queuedBytes: Number(columns[4]), drops: Number(columns[8]) }));
}

/** Inodes of the sockets that a process has open. */
async function openSockets(pid: number): Promise<Set<string>> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.slice(1) ?? []));
}

/** Resolves when no event waits in the agent's connector socket: what it will ever read of what happened it has read. */
export async function drained(agent: AgentProcess): Promise<void> {
  await waitFor(async () => (await connectorSockets(agent.pid)).map(({ queuedBytes }) => queuedBytes).join() === '0', {
    what: 'the agent to read what the kernel queued',
    timeoutMs: 60_000,
  });
}
