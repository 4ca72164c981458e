import type { Provenance } from '../../core/event.ts';
import { flat } from './flat.ts';

/** A power of two. */
const PLACES = 256;
const known: (Provenance | undefined)[] = [];
const texts: string[] = [];
for (let i = 0; i < PLACES; i++) {
  known.push(undefined);
  texts.push('');
}

/** Members of an object, without the braces. There are a dozen combinations; the lengths of the words, all but two of them different, find their place. */
export function provenanceText(provenance: Provenance): string {
  const { identity, args, exe, cgroup, user, parent } = provenance;
  const place =
    (identity.length + 3 * args.length + 5 * exe.length + 7 * cgroup.length + 11 * user.length + 13 * parent.length) & (PLACES - 1);
  const last = known[place];
  if (last === undefined || !isSame(last, provenance)) {
    texts[place] = flat(
      `"identity":"${identity}","args":"${args}","exe":"${exe}","cgroup":"${cgroup}","user":"${user}","parent":"${parent}"`,
    );
    known[place] = provenance;
  }
  return texts[place] as string;
}

const isSame = (one: Provenance, other: Provenance): boolean =>
  one.identity === other.identity &&
  one.args === other.args &&
  one.exe === other.exe &&
  one.cgroup === other.cgroup &&
  one.user === other.user &&
  one.parent === other.parent;
