import { isPlain, printable } from './printable.ts';

/** What no POSIX shell gives a meaning to. `~` and `=` have one at some places only, and not within a word. */
const BARE = /^[\w@%+=:,./-]+$/;

/** An argument as a shell would take it: bare, in single quotes, or, with anything unprintable in it, as bash's `$'…'` with escapes. */
export function shellQuote(arg: string): string {
  if (BARE.test(arg)) return arg;
  if (isPlain(arg)) return `'${arg.replaceAll("'", "'\\''")}'`;
  const escaped = printable(arg.replaceAll('\\', '\\\\').replaceAll("'", "\\'"));
  return escaped.includes('\\') ? `$'${escaped}'` : `'${escaped}'`;
}
