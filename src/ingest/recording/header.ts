import type { Fields } from './checks.ts';
import { isUuidText } from '../../core/uuid.ts';
import { faultOfFields, hasFields, isCount, isFlag, isObject, isText, isTexts, parseJson } from './checks.ts';
import { FORMAT } from './format.ts';

/** Who recorded, where and when: all that replaying needs to know of the machine. */
export interface RecordingHeader {
  readonly format: number;
  /** Version of the program. */
  readonly forkcast: string;
  readonly agent_id: string;
  readonly host: { readonly host_id: string; readonly boot_id: string; readonly hostname: string };
  /** When the first event could no longer be missed: microseconds since the epoch, and CLOCK_MONOTONIC nanoseconds. */
  readonly started: { readonly time_us: number; readonly monotonic_ns: number };
  readonly config_hash: string;
  /** Arguments are replaced by marks. */
  readonly redacted: boolean;
  readonly max_args_bytes: number;
  readonly capabilities: readonly string[];
  /** As the source described itself. */
  readonly sources: readonly string[];
  readonly degraded: readonly { readonly feature: string; readonly reason: string }[];
  readonly loss_windows: readonly string[];
  /** Names of users by uid. */
  readonly users: Readonly<Record<string, string>>;
}

const FIELDS: Fields<RecordingHeader> = {
  format: [isCount, 'a count'],
  forkcast: [isText, 'a text'],
  agent_id: [isUuidText, 'a UUID'],
  host: [
    hasFields<RecordingHeader['host']>({ host_id: [isUuidText, 'a UUID'], boot_id: [isUuidText, 'a UUID'], hostname: [isText, 'a text'] }),
    'a host with its ids and its name',
  ],
  started: [
    hasFields<RecordingHeader['started']>({ time_us: [isCount, 'a count'], monotonic_ns: [isCount, 'a count'] }),
    'a time in both clocks',
  ],
  config_hash: [isText, 'a text'],
  redacted: [isFlag, 'true or false'],
  max_args_bytes: [isCount, 'a count'],
  capabilities: [isTexts, 'a list of texts'],
  sources: [isTexts, 'a list of texts'],
  degraded: [
    (value) =>
      Array.isArray(value) &&
      value.every(hasFields<RecordingHeader['degraded'][number]>({ feature: [isText, 'a text'], reason: [isText, 'a text'] })),
    'a list of features with reasons',
  ],
  loss_windows: [isTexts, 'a list of texts'],
  users: [(value) => isObject(value) && Object.values(value).every(isText), 'a map of names'],
};

/** The header, or what is wrong with it. `newer`: it says that it is of a format that this version does not know. */
export type ParsedHeader =
  { readonly header: RecordingHeader } | { readonly fault: string } | { readonly newer: number; readonly by: string };

export function parseHeader(json: Buffer): ParsedHeader {
  const value = parseJson(json);
  if (!isObject(value)) return { fault: 'its header is not a JSON object' };
  const { format, forkcast } = value;
  if (isCount(format) && (format as number) > FORMAT) return { newer: format as number, by: isText(forkcast) ? (forkcast as string) : '?' };
  const fault = faultOfFields(value, FIELDS);
  return fault === undefined ? { header: value as unknown as RecordingHeader } : { fault: `in its header, ${fault}` };
}
