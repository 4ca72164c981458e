import type { Fields } from './checks.ts';
import { faultOfFields, isCount, isFlag, isObject, isText, parseJson } from './checks.ts';

/** How a recording ended, with the totals of its source. */
export interface RecordingEnd {
  /** False: the recorder had to stop; `reason` says why. */
  readonly complete: boolean;
  readonly reason: string;
  readonly frames: number;
  readonly heard: number;
  readonly lost: number;
  readonly foreign: number;
  readonly malformed: number;
  readonly overruns: number;
}

const FIELDS: Fields<RecordingEnd> = {
  complete: [isFlag, 'true or false'],
  reason: [isText, 'a text'],
  frames: [isCount, 'a count'],
  heard: [isCount, 'a count'],
  lost: [isCount, 'a count'],
  foreign: [isCount, 'a count'],
  malformed: [isCount, 'a count'],
  overruns: [isCount, 'a count'],
};

/** The end, or what is wrong with it. */
export function parseEnd(json: Buffer): RecordingEnd | string {
  const value = parseJson(json);
  if (!isObject(value)) return 'its end is not a JSON object';
  const fault = faultOfFields(value, FIELDS);
  return fault === undefined ? (value as unknown as RecordingEnd) : `in its end, ${fault}`;
}
