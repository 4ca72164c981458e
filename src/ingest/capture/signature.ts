/** Fields of /proc/<pid>/stat after the command name, counted from the state as 3 (proc(5)). */
const START_TIME = 22 - 3;
const ARG_START = 48 - 3;

/**
 * What a process shows of its identity and image in one cheap file: name, start, and where its arguments lie, which changes with each exec as long as address
 * space is randomised and the reader may trace the process. Equal signatures of one pid: nothing worth reading again has happened.
 */
export function signatureOf(stat: string): string {
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  // Joined, not put together by a template: that would keep the whole line alive behind each of its parts, and one of these is kept for each process.
  return [stat.slice(stat.indexOf('('), end), fields[START_TIME], fields[ARG_START], fields[0] === 'Z' ? 'Z' : ''].join(' ');
}
