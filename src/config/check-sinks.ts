import { checkGroup, unknownKey } from './check-group.ts';
import type { Written } from './document.ts';
import type { EffectiveSink } from './effective.ts';
import type { Finding } from './issue.ts';
import { nearest } from './nearest.ts';
import { isMap } from './override.ts';
import type { ConfigPath } from './path.ts';
import { KERNEL_KINDS, SINK_NAME } from './schema.ts';
import { SINK_TYPES, SINK_TYPE_NAMES, sinkGroup } from './sink-types.ts';
import type { SinkType } from './sink-types.ts';

export interface CheckedSinks {
  /** Those without findings. */
  readonly sinks: Readonly<Record<string, EffectiveSink>>;
  readonly findings: readonly Finding[];
}

/**
 * The sinks of a configuration that names none: event files, and a live view. The view shows what happens, not what was there before,
 * and waits with little: two queues of the usual size would take too much of the agent's memory when both are full.
 */
export const DEFAULT_SINKS: Written = {
  disk: { type: 'file' },
  eyes: { type: 'stdout', filter: { kinds: KERNEL_KINDS }, queue: { max_size: '4MiB', max_events: 10_000 } },
};

/** `dataDir` as written: files lie below it unless the sink says otherwise. */
export function checkSinks(written: unknown, dataDir: string): CheckedSinks {
  if (!isMap(written)) return { sinks: {}, findings: [noMap(['sinks'], written, 'write each sink as a name with its keys below it')] };
  const names = Object.keys(written);
  if (names.length === 0)
    return {
      sinks: {},
      findings: [
        {
          path: ['sinks'],
          value: {},
          reason: 'names no sink',
          fix: 'name at least one, or remove the key for the default sinks disk and eyes',
        },
      ],
    };
  const sinks: [string, EffectiveSink][] = [];
  const findings: Finding[] = [];
  for (const name of names) {
    const found = nameFindings(name);
    const checked = checkSink(['sinks', name], written[name], dataDir);
    findings.push(...found, ...checked.findings);
    if (checked.sink !== undefined) sinks.push([name, checked.sink]);
  }
  return { sinks: Object.fromEntries(sinks), findings };
}

function noMap(path: ConfigPath, value: unknown, fix: string): Finding {
  return { path, value, reason: value === null || value === undefined ? 'has no keys' : 'must be a map of keys', fix };
}

function nameFindings(name: string): Finding[] {
  if (SINK_NAME.test(name)) return [];
  const proposal = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 64);
  const fix = `use up to 64 lower-case letters, digits, _ and -${proposal === '' ? '' : `, such as ${proposal}`}`;
  return [{ path: ['sinks', name], value: null, reason: 'is not a sink name', fix, ofKey: true }];
}

function checkSink(path: ConfigPath, written: unknown, dataDir: string): { sink?: EffectiveSink; findings: readonly Finding[] } {
  const types = SINK_TYPE_NAMES.join(', ');
  if (!isMap(written)) return { findings: [noMap(path, written, `write its type and keys below it; types: ${types}`)] };
  const { type } = written;
  if (!isSinkType(type)) return { findings: [typeFinding(path, written)] };
  const onDisk = isMap(written['queue']) && written['queue']['type'] === 'disk';
  const { values, findings } = checkGroup(
    sinkGroup(type, onDisk ? 'disk' : 'memory'),
    type === 'file' ? withPath(written, dataDir) : written,
    path,
  );
  return findings.length > 0 ? { findings } : { sink: values as unknown as EffectiveSink, findings };
}

function isSinkType(type: unknown): type is SinkType {
  return typeof type === 'string' && Object.hasOwn(SINK_TYPES, type);
}

function typeFinding(path: ConfigPath, written: Written): Finding {
  const { type } = written;
  const all = `one of ${SINK_TYPE_NAMES.join(', ')}`;
  if (type === undefined || type === null) {
    const misspelt = Object.keys(written).find((key) => nearest(key, ['type']) !== undefined && key !== 'type');
    if (misspelt !== undefined) return unknownKey([...path, misspelt], ['type']);
    return { path: [...path, 'type'], value: null, reason: 'is missing', fix: `write type: and ${all}` };
  }
  const meant = typeof type === 'string' ? nearest(type, SINK_TYPE_NAMES) : undefined;
  return {
    path: [...path, 'type'],
    value: type,
    reason: `must be ${all}`,
    fix: meant === undefined ? 'write one of these words' : `did you mean ${meant}?`,
  };
}

/** The one default that follows from another key. */
function withPath(written: Written, dataDir: string): Written {
  return Object.hasOwn(written, 'path') ? written : { ...written, path: `${dataDir.replace(/\/+$/, '')}/events` };
}
