/** Ways to exec a file that is open: the path says nothing of its name. */
const NAMELESS = ['/proc/', '/dev/fd/'];

export interface Appearance {
  /** As given to execve, by a race-free record. */
  readonly filename: string | null;
  readonly args: readonly string[] | null;
  /** A script shows its interpreter in argv[0]. */
  readonly isScript: boolean;
}

/**
 * Whether a program was started under another name than its file's: by convention argv[0] is the file's name or path, with `-` before it for a login shell and `@`
 * for some services. Links and multi-call programs keep to that, as the name they are started by is the link's.
 */
export function isNameMismatch({ filename, args, isScript }: Appearance): boolean {
  const shown = args?.[0];
  if (filename === null || shown === undefined || isScript || NAMELESS.some((folder) => filename.startsWith(folder))) return false;
  const from = shown.startsWith('-') || shown.startsWith('@') ? 1 : 0;
  return shown.slice(Math.max(shown.lastIndexOf('/') + 1, from)) !== filename.slice(filename.lastIndexOf('/') + 1);
}
