import { escaped } from './json-string.ts';

/** An argument vector as JSON. */
export interface Command {
  /** An array of strings. */
  readonly list: string;
  /** The arguments with a space between them, as one string, without its quotes. */
  readonly line: string;
}

/** `first`, escaped: what stands for args[0], where something better is known; of an empty vector it is not used. */
export function commandOf(args: readonly string[], first: string | null): Command {
  if (args.length === 0) return { list: '[]', line: '' };
  let line = first ?? escaped(args[0] as string);
  let list = `["${line}`;
  for (let i = 1; i < args.length; i++) {
    const arg = escaped(args[i] as string);
    list += `","${arg}`;
    line += ` ${arg}`;
  }
  return { list: `${list}"]`, line };
}

export const listOf = (args: readonly string[]): string => commandOf(args, null).list;
