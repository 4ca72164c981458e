import { readFileSync } from 'node:fs';

type Enums = Record<string, Record<string, string>>;
export interface Shape {
  attributes: Record<string, string | string[]>;
  enums?: Enums;
  atLeastOne?: string[];
}
export interface ClassShape extends Shape {
  uid: number;
  category: number;
  profiles: string[];
}
export interface TypeFacts {
  json: 'string' | 'integer' | 'boolean' | 'object';
  pattern?: string;
  maxLength?: Record<string, number>;
}
interface Facts {
  versions: string[];
  types: Record<string, TypeFacts>;
  siblings: Record<string, string>;
  profiles: string[];
  classes: Record<string, ClassShape>;
  classEnums: Enums;
  objects: Record<string, Shape>;
}

export const ocsfFacts = JSON.parse(readFileSync(new URL('../facts/ocsf.json', import.meta.url), 'utf8')) as Facts;

export interface Attribute {
  readonly type: string;
  readonly isList: boolean;
  readonly requirement: string;
  readonly profile: string | undefined;
}

/** The attribute as a version has it; undefined where it does not. */
export function attributeOf(shape: Shape, name: string, version: string): Attribute | undefined {
  const stated = Object.hasOwn(shape.attributes, name) ? shape.attributes[name] : undefined;
  if (stated === undefined) return undefined;
  for (const text of Array.isArray(stated) ? stated : [stated]) {
    const [type = '', requirement = '', ...conditions] = text.split(' ');
    if (!conditions.every((condition) => condition.startsWith('@') || holds(condition, version))) continue;
    const profile = conditions.find((condition) => condition.startsWith('@'))?.slice(1);
    return { type: type.replace('[]', ''), isList: type.endsWith('[]'), requirement, profile };
  }
  return undefined;
}

/** `>=1.4`, `<1.6`. */
export function holds(condition: string, version: string): boolean {
  const minor = (text: string): number => Number(text.split('.')[1]);
  return condition.startsWith('>=') ? minor(version) >= minor(condition.slice(2)) : minor(version) < minor(condition.slice(1));
}
