import { parseDocument } from 'yaml';
import { AgentError } from '../core/errors.ts';
import { excerpt } from '../core/text.ts';
import type { Written } from './document.ts';
import { parsePath, within } from './path.ts';
import type { ConfigPath } from './path.ts';

/** One `--set path=value` of the command line. */
export interface Override {
  readonly path: readonly string[];
  /** The path as typed. Messages name the override by it, never by its value: one day that may be a secret. */
  readonly name: string;
  readonly value: unknown;
}

const EXAMPLE = 'write --set path=value, such as --set source.receive_buffer=16MiB';

/** The value is read as YAML, so lists and maps can be given too. Throws USAGE. */
export function parseOverride(argument: string): Override {
  const equals = argument.indexOf('=');
  if (equals < 0) throw new AgentError('USAGE', `--set ${excerpt(argument, 60)}: there is no value`, { fix: EXAMPLE });
  const name = argument.slice(0, equals).trim();
  const path = parsePath(name);
  if (path === undefined)
    throw new AgentError('USAGE', `--set ${excerpt(name, 60)}: this is not a path of keys joined by dots`, { fix: EXAMPLE });
  return { path, name, value: parseValue(name, argument.slice(equals + 1)) };
}

function parseValue(name: string, text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, stringKeys: true, resolveKnownTags: false, logLevel: 'error' });
  const [trouble] = [...document.errors, ...document.warnings];
  if (trouble !== undefined) {
    throw new AgentError('USAGE', `--set ${excerpt(name, 60)}: the value is not valid YAML: ${excerpt(trouble.message, 120)}`, {
      fix: 'put the value in quotes for YAML within quotes for the shell, such as --set \'agent.labels.note="a: b"\'',
    });
  }
  try {
    return document.toJS() as unknown;
  } catch (cause) {
    throw new AgentError('USAGE', `--set ${excerpt(name, 60)}: the value uses an alias`, {
      cause,
      fix: 'write the value out; put a text that begins with * in quotes',
    });
  }
}

/** A copy of `tree` with the overrides applied in turn; what stands in the way of a path is replaced by a map. */
export function applyOverrides(tree: Written, overrides: readonly Override[]): Written {
  return overrides.reduce((result, { path, value }) => assign(result, path, value), tree);
}

function assign(tree: Written, path: readonly string[], value: unknown): Written {
  const [key, ...rest] = path;
  if (key === undefined) return tree;
  const child = Object.hasOwn(tree, key) ? tree[key] : undefined;
  // A computed key defines an own property even for __proto__, so a path can reach no prototype.
  return { ...tree, [key]: rest.length === 0 ? value : assign(isMap(child) ? child : {}, rest, value) };
}

export function isMap(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The override that decided the value at `path`, or a part of it: the last one wins. */
export function overrideAt(overrides: readonly Override[], path: ConfigPath): Override | undefined {
  return overrides.findLast((override) => within(path, override.path) || within(override.path, path));
}
