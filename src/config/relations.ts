import { isAbsolute, resolve } from 'node:path';
import { AgentError } from '../core/errors.ts';
import type { SettingFault } from '../core/setting.ts';
import { formatSize, parseDuration, parseSize } from '../core/units.ts';
import { kafkaFaults } from '../sink/kafka/config.ts';
import { natsFaults } from '../sink/nats/config.ts';
import type { EffectiveConfig, EffectiveSink } from './effective.ts';
import type { Finding } from './issue.ts';

/** What each key allows but several together do not. For configurations whose keys are each right. Throws FILE_IO, see `requireBase`. */
export function checkRelations(config: EffectiveConfig): Finding[] {
  requireBase(config);
  return [
    ...blockingAmongOthers(config),
    ...sharedFolders(config),
    ...queuesTooSmall(config),
    ...retriesUpsideDown(config),
    ...faultsWithin(config),
  ];
}

/**
 * Relative paths need a working directory, and a process may outlive its own. No mistake in the configuration, so not a finding: throws
 * FILE_IO. Once asked, Node.js remembers the answer, so no later use of these paths fails for this reason.
 */
function requireBase({ agent, source, sinks }: EffectiveConfig): void {
  const recording = source.type === 'replay' ? { 'source.replay.path': source.replay.path } : {};
  const paths = { 'agent.data_dir': agent.data_dir, ...recording, ...Object.fromEntries(Object.entries(sinks).flatMap(pathOfSink)) };
  const relative = Object.entries(paths).find(([, path]) => !isAbsolute(path));
  if (relative === undefined) return;
  try {
    process.cwd();
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'has been deleted' : `cannot be determined (${code})`;
    throw new AgentError('FILE_IO', `the working directory ${why}, and ${relative[0]} (${relative[1]}) is relative to it`, {
      cause,
      context: { path: relative[0], value: relative[1] },
      fix: 'change to a directory that exists (cd /), or write absolute paths in the configuration',
    });
  }
}

const pathOfSink = ([name, sink]: [string, EffectiveSink]): [string, string][] =>
  sink.type === 'file' ? [[`sinks.${name}.path`, sink.path]] : [];

/** What is wrong within one sink. */
function faultsWithin({ sinks }: EffectiveConfig): Finding[] {
  return Object.entries(sinks).flatMap(([name, sink]) =>
    faultsOf(sink).map(({ within = [], value, reason, fix }): Finding => ({
      path: ['sinks', name, ...within],
      value,
      reason,
      fix,
    })),
  );
}

function faultsOf(sink: EffectiveSink): SettingFault[] {
  if (sink.type === 'kafka') return kafkaFaults(sink);
  return sink.type === 'nats' ? natsFaults(sink) : [];
}

/** A sink that blocks holds the pipeline, and with it every other sink. */
function blockingAmongOthers({ sinks }: EffectiveConfig): Finding[] {
  const all = Object.entries(sinks);
  if (all.length < 2) return [];
  return all
    .filter(([, { queue }]) => queue.when_full === 'block')
    .map(([name]): Finding => ({
      path: ['sinks', name, 'queue', 'when_full'],
      value: 'block',
      reason: 'must not be block beside other sinks: it would hold them back',
      fix: 'write drop_newest or drop_oldest, or remove the other sinks',
    }));
}

/** Two sinks in one folder would delete each other's files when they make room. */
function sharedFolders({ sinks }: EffectiveConfig): Finding[] {
  const owners = new Map<string, string>();
  return Object.entries(sinks).flatMap(([name, sink]): Finding[] => {
    if (sink.type !== 'file') return [];
    const folder = resolve(sink.path);
    const owner = owners.get(folder);
    if (owner === undefined) owners.set(folder, name);
    return owner === undefined
      ? []
      : [
          {
            path: ['sinks', name, 'path'],
            value: sink.path,
            reason: `is the folder of the sink ${owner} already`,
            fix: 'give each file sink a folder of its own',
          },
        ];
  });
}

/** What an event occupies besides its command line, generously. */
const REST_OF_EVENT = 32 * 1024;

function queuesTooSmall({ enrich, sinks }: EffectiveConfig): Finding[] {
  const least = parseSize(enrich.max_args_bytes) + REST_OF_EVENT;
  return Object.entries(sinks)
    .filter(([, { queue }]) => parseSize(queue.max_size) < least)
    .map(([name, { queue }]): Finding => ({
      path: ['sinks', name, 'queue', 'max_size'],
      value: queue.max_size,
      reason: `is too small for an event with ${enrich.max_args_bytes} of arguments (enrich.max_args_bytes)`,
      fix: `write at least ${formatSize(least)}, or lower enrich.max_args_bytes`,
    }));
}

function retriesUpsideDown({ sinks }: EffectiveConfig): Finding[] {
  return Object.entries(sinks)
    .filter(([, { retry }]) => parseDuration(retry.initial) > parseDuration(retry.max))
    .map(([name, { retry }]): Finding => ({
      path: ['sinks', name, 'retry', 'initial'],
      value: retry.initial,
      reason: `must not be longer than max (${retry.max})`,
      fix: `write at most ${retry.max}, or raise max`,
    }));
}
