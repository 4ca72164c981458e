/** What a field of a recording's JSON must be: a file may come from anywhere. */
export type Check = (value: unknown) => boolean;

/** Each field with what it must be and how that is called. */
export type Fields<T> = { readonly [K in keyof T]-?: readonly [Check, string] };

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isText: Check = (value) => typeof value === 'string';
export const isFlag: Check = (value) => typeof value === 'boolean';
export const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);

/** An object with these fields; others are let through, as a later version may add some. */
export function hasFields<T>(fields: Fields<T>): Check {
  return (value) => isObject(value) && faultOfFields(value, fields) === undefined;
}

/** The first field that is not what it must be, in words; undefined when all are. */
export function faultOfFields<T>(value: Readonly<Record<string, unknown>>, fields: Fields<T>): string | undefined {
  const wrong = Object.entries<readonly [Check, string]>(fields).find(([name, [check]]) => !check(value[name]));
  return wrong === undefined ? undefined : `${wrong[0]} is not ${wrong[1][1]}`;
}

/** undefined where it is no JSON. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
