import { safeJson } from './safe-json.ts';
import { utcTimestamp } from './timestamp.ts';
import { uuidText } from '../../core/uuid.ts';

export interface JsonOptions {
  /** Print fields that are null, too. */
  readonly nulls?: boolean;
  /** How to print maps: as objects, or as arrays of `key=value` for those who make a column or a field of each key. */
  readonly maps?: 'objects' | 'pairs';
}

/** The JSON text of a value of one Avro type. */
type Printer = (value: unknown) => string;

interface Definition {
  readonly type: string;
  readonly name?: string;
  readonly logicalType?: string;
  readonly items?: unknown;
  readonly values?: unknown;
  readonly fields?: readonly { readonly name: string; readonly type: unknown }[];
}

interface Context {
  readonly nulls: boolean;
  readonly pairs: boolean;
  readonly named: Map<string, Printer>;
}

/** Compiles an Avro schema to a function that prints its values. Only what our schemas use: nullable is the only union. */
export function jsonPrinter(schema: unknown, options: JsonOptions): Printer {
  return compile(schema, { nulls: options.nulls ?? false, pairs: options.maps === 'pairs', named: new Map() });
}

const asIs: Printer = (value) => String(value);
const quoted: Printer = (value) => quote(value as string);
const base64: Printer = (bytes) => {
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array;
  return `"${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}"`;
};
const PRIMITIVES: Readonly<Record<string, Printer>> = { boolean: asIs, int: asIs, long: asIs, string: quoted, bytes: base64 };
const LOGICAL: Readonly<Record<string, Printer>> = {
  uuid: (value) => `"${uuidText(value as Uint8Array)}"`,
  'timestamp-micros': (value) => `"${utcTimestamp(value as number)}"`,
};

function compile(schema: unknown, context: Context): Printer {
  if (Array.isArray(schema)) return compile(schema[1], context);
  if (typeof schema === 'string') {
    const printer = PRIMITIVES[schema] ?? context.named.get(schema);
    if (printer === undefined) throw new TypeError(`no printer for the type ${schema}`);
    return printer;
  }
  const definition = schema as Definition;
  const printer = LOGICAL[definition.logicalType ?? ''] ?? define(definition, context);
  if (definition.name !== undefined) context.named.set(definition.name, printer);
  return printer;
}

function define(definition: Definition, context: Context): Printer {
  switch (definition.type) {
    case 'record':
      return definition.name === 'Host' ? remembered(recordPrinter(definition, context)) : recordPrinter(definition, context);
    case 'array':
      return arrayPrinter(compile(definition.items, context));
    case 'map':
      return context.pairs ? pairsOf : mapPrinter(compile(definition.values, context));
    case 'enum':
      return quoted;
    case 'fixed':
      return base64;
    default:
      return compile(definition.type, context);
  }
}

function recordPrinter(definition: Definition, context: Context): Printer {
  const fields = (definition.fields ?? []).map(({ name, type }) => ({
    name,
    first: `{"${name}":`,
    next: `,"${name}":`,
    print: compile(type, context),
  }));
  const { nulls } = context;
  return (value) => {
    const record = value as Readonly<Record<string, unknown>>;
    let text = '';
    for (const { name, first, next, print } of fields) {
      const field = record[name] ?? null;
      if (field === null && !nulls) continue;
      text += text === '' ? first : next;
      text += field === null ? 'null' : print(field);
    }
    return text === '' ? '{}' : `${text}}`;
  };
}

function arrayPrinter(print: Printer): Printer {
  return (value) => {
    let text = '';
    for (const item of value as readonly unknown[]) text += text === '' ? print(item) : `,${print(item)}`;
    return `[${text}]`;
  };
}

function mapPrinter(print: Printer): Printer {
  return (value) => {
    const entries = Object.entries(value as Readonly<Record<string, unknown>>);
    return `{${entries.map(([key, item]) => `${quote(key)}:${print(item)}`).join(',')}}`;
  };
}

const pairsOf: Printer = (value) => {
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  return `[${entries.map(([key, item]) => quote(`${key}=${String(item)}`)).join(',')}]`;
};

/** For objects that never change and come again and again. */
function remembered(print: Printer): Printer {
  const texts = new WeakMap<object, string>();
  return (value) => {
    let text = texts.get(value as object);
    if (text === undefined) {
      text = print(value);
      texts.set(value as object, text);
    }
    return text;
  };
}

/** What JSON itself would escape, and everything beyond printable ASCII. */
const NOT_PLAIN = /[^ !#-[\]-~]/;
function quote(text: string): string {
  if (!NOT_PLAIN.test(text)) return `"${text}"`;
  return safeJson(text);
}
