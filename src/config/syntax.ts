import { isScalar, visit } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import { excerpt } from '../core/text.ts';
import type { ConfigIssue, Origin } from './issue.ts';

/** What the YAML parser complains of: its errors have this shape, and so have ours. */
export interface SyntaxTrouble {
  readonly code: string;
  readonly pos: readonly [number, number];
  readonly message: string;
}

type Place = (offset: number) => Origin;
type Explanation = readonly [reason: string, fix: string];

export function syntaxIssue(trouble: SyntaxTrouble, document: Document.Parsed, place: Place): ConfigIssue {
  const [reason, fix] = trouble.code === 'DUPLICATE_KEY' ? explainDuplicate(document, trouble.pos[0], place) : explain(trouble);
  return { path: '', value: null, reason, fix, at: place(trouble.pos[0]) };
}

const QUOTE = 'put the value in quotes';

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  EMPTY: ['the file is empty', 'write {} for all defaults, or start from what forkcast config --defaults prints'],
  TAB_AS_INDENT: ['the line is indented with a tab', 'indent with spaces'],
  MULTIPLE_DOCS: ['a second YAML document begins here', 'remove the line with ---; one file holds one configuration'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a key cannot stand within a plain value',
    'check the indentation of this line and the next; put a value that contains ": " in quotes',
  ],
  MULTILINE_IMPLICIT_KEY: ['a key must be on one line', 'check the indentation'],
  BAD_SCALAR_START: ['a plain value cannot begin with this character', QUOTE],
  BAD_DQ_ESCAPE: ['an unknown escape in double quotes', 'write \\\\ for a backslash, or use single quotes'],
  NON_STRING_KEY: ['a key must be text', 'write one word before the colon'],
  BAD_DIRECTIVE: ['an unknown directive', 'remove the line that begins with %'],
  NOT_A_MAP: ['the file must be a map of sections', 'write key: value lines, such as "agent:" with "  data_dir: ./data" below it'],
  RESOURCE_EXHAUSTION: ['the aliases of the file multiply beyond bounds', 'write the values out'],
  SELF_ALIAS: ['an alias stands within the value that it repeats', 'write the value out'],
};

function explain({ code, message }: SyntaxTrouble): Explanation {
  const known = EXPLANATIONS[code];
  if (known !== undefined) return known;
  const said = excerpt(message.slice(0, 1).toLowerCase() + message.slice(1), 200);
  if (code === 'TAG_RESOLVE_FAILED') return [`tags are not used here (${said})`, 'remove the tag; put a text that begins with ! in quotes'];
  if (code === 'BAD_ALIAS') return [said, 'define it before with & and the name; put a text that begins with * in quotes'];
  return [`not valid YAML: ${said}`, 'check the indentation, brackets and quotes here; put a value with special characters in quotes'];
}

function explainDuplicate(document: Document.Parsed, offset: number, place: Place): Explanation {
  const duplicate = firstOfDuplicate(document, offset);
  if (duplicate === undefined) return ['a key is written twice', 'keep one of the two'];
  const at = place(duplicate.first);
  const line = 'line' in at && at.line !== null ? `, first on line ${at.line}` : '';
  return [`the key ${excerpt(duplicate.name, 60)} is written twice${line}`, 'keep one of the two'];
}

/** The key that stands at `offset`, and where the same key stands first in its map. */
function firstOfDuplicate(document: Document.Parsed, offset: number): { name: string; first: number } | undefined {
  let found: { name: string; first: number } | undefined;
  visit(document, {
    Map(_key, map) {
      const keys = (map.items as Pair<Node | null>[]).map(({ key }) => key).filter((key) => isScalar(key));
      const second = keys.find((key) => key.range?.[0] === offset);
      const first = keys.find((key) => key.value === second?.value);
      if (second === undefined || first === undefined) return undefined;
      found = { name: String(second.value), first: first.range?.[0] ?? 0 };
      return visit.BREAK;
    },
  });
  return found;
}

/** Aliases that lead nowhere, and aliases that lead to themselves: the parser leaves both to whoever follows them. */
export function unusableAliases(document: Document.Parsed): SyntaxTrouble[] {
  const troubles: SyntaxTrouble[] = [];
  visit(document, {
    Alias(_key, alias, ancestors) {
      const pos: [number, number] = [alias.range?.[0] ?? 0, alias.range?.[1] ?? 0];
      const target = alias.resolve(document);
      if (target === undefined) troubles.push({ code: 'BAD_ALIAS', pos, message: `there is no anchor &${alias.source} before this alias` });
      else if (ancestors.includes(target)) troubles.push({ code: 'SELF_ALIAS', pos, message: '' });
    },
  });
  return troubles;
}
