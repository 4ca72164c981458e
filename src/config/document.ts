import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import { invalidConfig } from './issue.ts';
import type { Origin } from './issue.ts';
import { MAX_NESTING, nestingOf } from './nesting.ts';
import type { ConfigPath } from './path.ts';
import { syntaxIssue, unusableAliases } from './syntax.ts';
import type { SyntaxTrouble } from './syntax.ts';

/** What a user wrote: a tree of maps, lists and scalars. */
export type Written = Readonly<Record<string, unknown>>;

/** A parsed file: its content, and where in it a path stands. */
export interface ConfigDocument {
  readonly value: Written;
  /** It has comments only, or nothing but `{}`. */
  readonly setsNothing: boolean;
  /** The place of a value or its key, or of the nearest thing around it that is written. */
  locate(path: ConfigPath, ofKey: boolean): Origin;
}

/** Parses YAML 1.2 (so JSON too). Throws CONFIG_INVALID with every syntax error. */
export function parseConfig(text: string, file: string): ConfigDocument {
  const lines = new LineCounter();
  const place = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  refuseDeep(text, { lines, file, place });
  const document = parseDocument(text, {
    prettyErrors: false,
    merge: true,
    stringKeys: true,
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const troubles: SyntaxTrouble[] = [...document.errors, ...document.warnings];
  if (troubles.length === 0) troubles.push(...unusableAliases(document));
  if (troubles.length === 0 && text.trim() === '') {
    troubles.push({ code: 'EMPTY', pos: [0, 0], message: 'the file is empty' });
  }
  const value = troubles.length === 0 ? plainValue(document, troubles) : {};
  if (troubles.length > 0)
    throw invalidConfig(
      onePerLine(troubles, place).map((trouble) => syntaxIssue(trouble, document, place)),
      file,
    );
  return {
    value,
    setsNothing: Object.keys(value).length === 0,
    locate: (path, ofKey) => place(offsetOf(document, path, ofKey)),
  };
}

/** Before anything recurses into it; so it is here that the lines are counted. */
function refuseDeep(text: string, { lines, file, place }: { lines: LineCounter; file: string; place: (offset: number) => Origin }): void {
  const { depth, beyond } = nestingOf(text, lines);
  if (beyond === undefined) return;
  const reason = `the file is nested ${depth} levels deep, more than the ${MAX_NESTING} that are read`;
  throw invalidConfig([{ path: '', value: null, reason, fix: 'remove the brackets, dashes or indentation', at: place(beyond) }], file);
}

function plainValue(document: Document.Parsed, troubles: SyntaxTrouble[]): Written {
  try {
    const value: unknown = document.toJS();
    if (value === null) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Written;
    troubles.push({ code: 'NOT_A_MAP', pos: [document.contents?.range[0] ?? 0, 0], message: 'must be a map of sections' });
  } catch (error) {
    // The library refuses documents whose aliases would multiply beyond bounds.
    troubles.push({ code: 'RESOURCE_EXHAUSTION', pos: [0, 0], message: error instanceof Error ? error.message : String(error) });
  }
  return {};
}

/** One mistake often makes the parser complain several times about its line. */
function onePerLine(troubles: readonly SyntaxTrouble[], place: (offset: number) => Origin): SyntaxTrouble[] {
  const seen = new Set<string>();
  return troubles
    .toSorted((a, b) => a.pos[0] - b.pos[0])
    .filter((trouble) => {
      const at = place(trouble.pos[0]);
      const line = 'line' in at ? String(at.line) : '';
      return seen.has(line) ? false : seen.add(line);
    });
}

function offsetOf(document: Document.Parsed, path: ConfigPath, ofKey: boolean): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, part] of path.entries()) {
    const step = childOf(resolved(node, document), part);
    if (step === undefined) break;
    const pointAtKey = step.key !== null && (step.value === null || (ofKey && index === path.length - 1));
    offset = (pointAtKey ? step.key : step.value)?.range?.[0] ?? offset;
    node = step.value;
  }
  return offset;
}

function resolved(node: Node | null, document: Document.Parsed): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}

function childOf(node: Node | null, part: string | number): { key: Node | null; value: Node | null } | undefined {
  if (isSeq(node)) {
    const item = typeof part === 'number' ? node.items[part] : undefined;
    return item === undefined ? undefined : { key: null, value: item as Node };
  }
  const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part)) : undefined;
  return pair === undefined ? undefined : { key: pair.key as Node, value: pair.value as Node | null };
}
