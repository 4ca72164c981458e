/**
 * avsc types for our schemas: for reading, and to tell which field of an event does not fit. Some are replaced, to take what put.ts writes: `bytes` and `fixed`
 * are any Uint8Array, `long` goes up to 2^53 − 1, and which branch a `["null", T]` is needs no look at the value. When reading, a count beyond the end of
 * the input ends the read instead of filling memory.
 *
 * avsc has no public way to do this: the underscore methods are its internals, the reason why its version is pinned.
 */
import avsc from 'avsc';
import type { Type } from 'avsc';
import { isLong } from './put.ts';
import { readBlockCount } from './tap.ts';
import type { ReadTap } from './tap.ts';

/** How avsc reports a value that does not fit. */
type Hook = (value: unknown, type: Type) => void;

interface Internals {
  _check(value: unknown, ...report: unknown[]): boolean;
  _read(tap: ReadTap): unknown;
}

class Long extends avsc.types.LongType {
  _check(value: unknown, _flags?: number, hook?: Hook): boolean {
    const fits = isLong(value);
    if (!fits) hook?.(value, this);
    return fits;
  }
  _read(tap: ReadTap): number {
    const value = tap.readLong();
    if (!isLong(value)) throw new RangeError('a long beyond 2^53 - 1');
    return value;
  }
}

class Bytes extends avsc.types.BytesType {
  _check(value: unknown, _flags?: number, hook?: Hook): boolean {
    const fits = value instanceof Uint8Array;
    if (!fits) hook?.(value, this);
    return fits;
  }
}

class Fixed extends avsc.types.FixedType {
  _check(value: unknown, _flags?: number, hook?: Hook): boolean {
    const fits = value instanceof Uint8Array && value.length === this.size;
    if (!fits) hook?.(value, this);
    return fits;
  }
}

/** `["null", T]`: which branch it is needs no look at the value beyond null. */
class Nullable extends avsc.types.UnwrappedUnionType {
  _check(value: unknown, ...report: unknown[]): boolean {
    return value === null || (this.types[1] as unknown as Internals)._check(value, ...report);
  }
}

class List extends avsc.types.ArrayType {
  /** Also called with a resolver as `this`: only `itemsType` is certain. */
  _read(tap: ReadTap): unknown[] {
    const items = this.itemsType as unknown as Internals;
    const list: unknown[] = [];
    for (let n = readBlockCount(tap); n > 0; n = readBlockCount(tap)) {
      while (n-- > 0) list.push(items._read(tap));
    }
    return list;
  }
}

class Dictionary extends avsc.types.MapType {
  /** Also called with a resolver as `this`: only `valuesType` is certain. */
  _read(tap: ReadTap): Record<string, unknown> {
    const values = this.valuesType as Internals;
    const map: Record<string, unknown> = {};
    for (let n = readBlockCount(tap); n > 0; n = readBlockCount(tap)) {
      while (n-- > 0) {
        const key = tap.readString();
        const value = values._read(tap);
        if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
        else map[key] = value;
      }
    }
    return map;
  }
}

const LONG = new Long();
const BYTES = new Bytes();

/** avsc asks for each part of a schema; undefined leaves it to avsc. */
function quickType(schema: unknown, options: unknown): Type | undefined {
  if (Array.isArray(schema)) return schema.length === 2 && schema[0] === 'null' ? new Nullable(schema as never, options) : undefined;
  const name = typeof schema === 'object' && schema !== null ? (schema as { type?: unknown }).type : schema;
  switch (name) {
    case 'long':
      return LONG;
    case 'bytes':
      return BYTES;
    case 'fixed':
      return new Fixed(schema as never, options);
    case 'array':
      return new List(schema as never, options);
    case 'map':
      return new Dictionary(schema as never, options);
    default:
      return undefined;
  }
}

/** Named types already seen, shared by types that are parts of one schema. */
export interface NamedTypes {
  readonly registry: Record<string, Type>;
  readonly namespace: string;
}

/** A type of avsc's kind for a parsed schema. Throws avsc's errors when the schema is invalid. */
export function avroType(schema: unknown, named?: NamedTypes): Type {
  return avsc.Type.forSchema(schema as never, { ...named, typeHook: quickType, omitRecordMethods: true });
}
