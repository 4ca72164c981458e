import type { SettingGroup, ValuesOf } from '../../core/setting.ts';
import { parseDuration, parseSize } from '../../core/units.ts';
import { SubjectTemplate } from './subject-template.ts';

/** The keys of `ensure_stream`. A stream without bounds fills the disks of the servers, so each has one. */
export const ensureStreamSchema = {
  max_size: { format: 'size', default: '10GiB', min: '1MiB', max: '64TiB', doc: 'How much the stream may hold.' },
  max_age: { format: 'duration', default: '168h', min: '1m', max: '87600h', doc: 'How long it keeps an event.' },
  replicas: { format: 'count', default: 1, min: 1, max: 5, doc: 'On how many servers it is; 3 survive the loss of one.' },
  dedupe_window: {
    format: 'duration',
    default: '2m',
    min: '1s',
    max: '168h',
    doc: 'How long it recognises an event that comes again; it keeps an id of each event in memory as long.',
  },
  storage: { format: 'choice', default: 'file', choices: ['file', 'memory'], doc: 'Where the servers keep it.' },
  discard: {
    format: 'choice',
    default: 'old',
    choices: ['old', 'new'],
    doc: 'What gives way when it is full: the oldest events, or those that come: they are refused then, and wait in the queue of the sink.',
  },
} as const satisfies SettingGroup;

/** A stream as it is to be created. */
export interface EnsuredStream {
  readonly subjects: readonly string[];
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly replicas: number;
  readonly dedupeWindowMs: number;
  readonly storage: 'file' | 'memory';
  readonly discard: 'old' | 'new';
}

export function compileEnsuredStream(values: ValuesOf<typeof ensureStreamSchema>, subjects: readonly string[]): EnsuredStream {
  return {
    subjects: streamSubjects(subjects),
    maxBytes: parseSize(values.max_size),
    maxAgeMs: parseDuration(values.max_age),
    replicas: values.replicas,
    // Servers take no longer one than the age.
    dedupeWindowMs: Math.min(parseDuration(values.dedupe_window), parseDuration(values.max_age)),
    storage: values.storage,
    discard: values.discard,
  };
}

/** Those that a stream for these templates of subjects listens to. */
export function streamSubjects(templates: readonly string[]): string[] {
  return [...new Set(templates.map((text) => new SubjectTemplate(text).wildcard))];
}

const PROPOSED: Omit<EnsuredStream, 'subjects'> = {
  maxBytes: parseSize(ensureStreamSchema.max_size.default),
  maxAgeMs: parseDuration(ensureStreamSchema.max_age.default),
  replicas: ensureStreamSchema.replicas.default,
  dedupeWindowMs: parseDuration(ensureStreamSchema.dedupe_window.default),
  storage: ensureStreamSchema.storage.default,
  discard: ensureStreamSchema.discard.default,
};

/** The command of the NATS client that creates such a stream. */
export function creationCommand(stream: string, config: Partial<EnsuredStream> & Pick<EnsuredStream, 'subjects'>): string {
  const { subjects, maxBytes, maxAgeMs, replicas, dedupeWindowMs, storage, discard } = { ...PROPOSED, ...config };
  const options = {
    subjects: `'${subjects.join(',')}'`,
    storage,
    replicas,
    retention: 'limits',
    discard,
    'max-bytes': String(maxBytes),
    'max-age': seconds(maxAgeMs),
    'dupe-window': seconds(dedupeWindowMs),
  };
  const written = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  return ['nats stream add', stream, ...written, '--defaults'].join(' ');
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)}s`;
}
