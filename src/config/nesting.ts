import { Parser } from 'yaml';
import type { CST, LineCounter } from 'yaml';

/** The configuration has six levels. What composes a document recurses: some hundreds more are beyond it, and thousands end the process. */
export const MAX_NESTING = 64;

interface Nesting {
  readonly depth: number;
  /** Offset of the first collection beyond MAX_NESTING; undefined where there is none. */
  readonly beyond: number | undefined;
}

/** How deep collections stand within collections, read off the tokens without recursion. Tells `lines` where lines begin. */
export function nestingOf(text: string, lines: LineCounter): Nesting {
  let deepest = 0;
  let beyond: number | undefined;
  const open = [...new Parser(lines.addNewLine).parse(text)].map((token) => ({ token, around: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, around } = next;
    const depth = 'items' in token ? around + 1 : around;
    deepest = Math.max(deepest, depth);
    if (depth === MAX_NESTING + 1 && depth > around) beyond = Math.min(beyond ?? Infinity, token.offset);
    for (const inner of tokensIn(token)) open.push({ token: inner, around: depth });
  }
  return { depth: deepest, beyond };
}

function tokensIn(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  const items: readonly CST.CollectionItem[] = 'items' in token ? token.items : [];
  return items.flatMap(({ key, value }) => [key, value]).filter((inner) => inner !== undefined && inner !== null);
}
