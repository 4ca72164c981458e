/** Fields of /proc/<pid>/stat after the command name, counted from the state as 3 (proc(5)): the bounds of argv in memory. */
const ARG_START = 48 - 3;
const ARG_END = 49 - 3;

/**
 * Size of the argv that execve was given, from a line of `/proc/<pid>/stat`; 0 where it does not say. The kernel shows the bounds only to who may
 * trace the process.
 */
export function argvBytes(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Addresses are below 2^57, beyond what a double holds exactly.
  const [start, end] = [fields[ARG_START], fields[ARG_END]].map((field) =>
    field !== undefined && /^\d+$/.test(field) ? BigInt(field) : 0n,
  ) as [bigint, bigint];
  return start > 0n && end > start ? Number(end - start) : 0;
}
