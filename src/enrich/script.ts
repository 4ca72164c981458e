/**
 * Which script a process was started as, by a `#!` line.
 *
 * The kernel (fs/binfmt_script.c) replaces argv[0] by the interpreter as the line names it, then the line's one argument if it has any, then the path
 * of the script as given to execve, then the rest of argv. The name of the task becomes that of the *script's* file, cut to 15 bytes.
 * So what is known is, from certain to likely:
 *
 *   path and interpreter of the kernel's record differ     that is it
 *   the record's path alone                                argv[1] or argv[2] is that path, and argv[0] an absolute path
 *   /proc right after the exec                             the same by the name: the task is called after argv[1] or argv[2], not after argv[0]
 *
 * /proc long after the exec proves nothing: a program may have given itself the name of its argument. Nor does argv alone: `/bin/sh ./x` typed by hand looks like
 * `./x`. `#!/usr/bin/env python3` is two execs; the second starts python3, not a script:
 * where the name was read after it and argv before, argv[1] is a name that was looked up in PATH, whereas a script has a path.
 */
import type { Script } from '../core/event.ts';

export interface ScriptClues {
  readonly args: readonly string[] | null;
  /** As given to execve, where a race-free record says it. */
  readonly filename: string | null;
  /** What the kernel ran in its place, likewise; the same where that was the file itself. */
  readonly interpreter: string | null;
  /** Name of the task, as long as it is the one that the exec gave it. */
  readonly name: string | null;
}

/** null: no script, or nobody can tell. */
export function scriptOf({ args, filename, interpreter, name }: ScriptClues): Script | null {
  if (filename !== null && interpreter !== null) return filename === interpreter ? null : { interpreter, path: filename };
  const shown = args?.[0];
  if (args === null || shown === undefined || !shown.startsWith('/')) return null;
  if (filename !== null) return filename !== shown && isAmong(args, filename) ? { interpreter: shown, path: filename } : null;
  if (name === null || name === '' || isCalled(name, shown)) return null;
  for (let at = 1; at <= 2; at++) {
    const path = args[at];
    if (path !== undefined && path.includes('/') && isCalled(name, path)) return { interpreter: shown, path };
  }
  return null;
}

function isAmong(args: readonly string[], filename: string): boolean {
  return args[1] === filename || args[2] === filename;
}

/** TASK_COMM_LEN − 1 of include/linux/sched.h. */
const MAX_NAME_BYTES = 15;

/** Whether a task that execs the file at `path` is called `name`. */
function isCalled(name: string, path: string): boolean {
  const file = path.slice(path.lastIndexOf('/') + 1);
  if (file === name) return true;
  return file.startsWith(name) && Buffer.from(file).toString('utf8', 0, MAX_NAME_BYTES) === name;
}
