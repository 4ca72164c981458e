/** Programs that run what they read: the names of their files. */
const SHELLS: ReadonlySet<string> = new Set(
  'sh bash rbash dash ash hush zsh ksh ksh93 mksh lksh oksh pdksh yash posh fish csh tcsh pwsh'.split(' '),
);
/** Files that are a shell where they are called one: as a link's name, or in their first argument. */
const MULTI_CALL: ReadonlySet<string> = new Set(['busybox', 'toybox']);

/** @param exe path of an executable, or its file's name @param args as it was started with; the first two count */
export function isShell(exe: string, args: readonly string[] | null): boolean {
  const file = fileOf(exe);
  if (!MULTI_CALL.has(file)) return SHELLS.has(file);
  const called = fileOf(args?.[0] ?? '');
  return SHELLS.has(MULTI_CALL.has(called) ? fileOf(args?.[1] ?? '') : called);
}

/** A login shell is shown with a dash before its name. */
function fileOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/') + 1, path.startsWith('-') ? 1 : 0));
}
