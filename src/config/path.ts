import { escapeText } from '../core/text.ts';

/** Where a value stands in the configuration: keys, and indices of lists. Empty: the whole. */
export type ConfigPath = readonly (string | number)[];

/** A key that needs no quotes within a path. */
const PLAIN = /^[A-Za-z0-9_-]+$/;

/** As people write it: `sinks.disk.rotate.max_size`, `source.events[2]`, `agent.labels."app.name"`. */
export function pathText(path: ConfigPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += (text === '' ? '' : '.') + (PLAIN.test(part) ? part : escapeText(JSON.stringify(part)));
  }
  return text;
}

/** The reverse, for keys only; undefined when it is no path. */
export function parsePath(text: string): string[] | undefined {
  const parts: string[] = [];
  let rest = text;
  while (rest !== '' || parts.length === 0) {
    const [matched, quoted, plain] = /^(?:"((?:[^"\\]|\\.)*)"|([^".[\]\s]+))(?=\.|$)/.exec(rest) ?? [];
    if (matched === undefined) return undefined;
    const key = quoted === undefined ? plain : unquote(quoted);
    if (key === undefined) return undefined;
    parts.push(key);
    rest = rest.slice(matched.length);
    if (rest === '.') return undefined;
    rest = rest.replace(/^\./, '');
  }
  return parts;
}

function unquote(inner: string): string | undefined {
  try {
    return String(JSON.parse(`"${inner}"`));
  } catch {
    // Not a JSON string, so not a path: the caller reports it with the whole text.
    return undefined;
  }
}

/** Whether `inner` is `outer` or stands within it. */
export function within(inner: ConfigPath, outer: ConfigPath): boolean {
  return outer.length <= inner.length && outer.every((part, index) => part === inner[index]);
}
