import { isDeepStrictEqual } from 'node:util';
import { compileConfig } from '../config/config.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import type { EffectiveConfig } from '../config/effective.ts';
import type { ConfigIssue } from '../config/issue.ts';
import { isMap } from '../config/override.ts';
import { pathText } from '../config/path.ts';
import { AgentError } from '../core/errors.ts';
import type { Regulation } from '../enrich/release.ts';
import { formatOf } from './create-sink.ts';
import { heldFolders } from './held-folders.ts';
import type { HeldFolder } from './held-folders.ts';

/** A configuration with what it follows from. */
export interface Configured {
  readonly config: Config;
  readonly effective: EffectiveConfig;
}

/** What is different in a new configuration, as far as the running agent can follow. */
export interface ReloadPlan extends Regulation {
  readonly added: readonly SinkConfig[];
  readonly changed: readonly { readonly from: SinkConfig; readonly to: SinkConfig }[];
  /** By name. */
  readonly removed: readonly string[];
}

type Path = readonly string[];

/** What can be another from one event to the next, beside the sinks. */
const LIVE: readonly string[] = [
  'enrich.filter',
  'enrich.throttle',
  'telemetry.log_level',
  'agent.shutdown_timeout',
  'agent.checkpoint_interval',
];
const RESTART = 'restart the agent';
const RENAME = 'restart the agent, or give the sink another name';

/** `retired`: sinks that were removed and still deliver what they had by then. Throws CONFIG_INVALID with one issue for each difference that needs a restart. */
export function planReload(now: Configured, next: Configured, retired: readonly SinkConfig[]): ReloadPlan {
  const before = byName(now.config);
  const after = byName(next.config);
  const added = next.config.sinks.filter(({ name }) => !before.has(name));
  const changed = next.config.sinks.flatMap((to) => {
    const from = before.get(to.name);
    return from === undefined || isDeepStrictEqual(from, to) ? [] : [{ from, to }];
  });
  const removed = now.config.sinks.filter(({ name }) => !after.has(name));
  const fixed = [
    ...fixedPaths(now, next).map((path) => issue(path, 'cannot change while the agent runs', RESTART)),
    ...changed.flatMap(({ from, to }) => fixedOfSink(from, to, { now, next })),
    ...added.filter(({ name }) => retired.some((sink) => sink.name === name)).map(stillThere),
    ...heldFolders({ added, changed, leaving: [...retired, ...removed] }).map(held),
  ];
  if (fixed.length > 0) throw needsRestart(fixed);
  const [old, { filter, throttle }] = [now.config.enrich, next.config.enrich];
  return {
    added,
    changed,
    removed: removed.map(({ name }) => name),
    filter: isDeepStrictEqual(old.filter, filter) ? undefined : filter,
    throttle: isDeepStrictEqual(old.throttle, throttle) ? undefined : throttle,
  };
}

const byName = ({ sinks }: Config): ReadonlyMap<string, SinkConfig> => new Map(sinks.map((sink) => [sink.name, sink]));

/** What is written in another way is not different for that: "1000ms" and "1s". */
function fixedPaths(now: Configured, next: Configured): Path[] {
  const { sinks: _old, ...before } = now.effective;
  const { sinks: _new, ...after } = next.effective;
  return differences(before, after, []).filter((path) => {
    if (isLive(path.join('.'))) return false;
    const meant = withValueOf(now.effective, next.effective, path) as EffectiveConfig;
    return !isDeepStrictEqual(compileConfig(meant), compileConfig(now.effective));
  });
}

const isLive = (path: string): boolean => LIVE.some((live) => path === live || path.startsWith(`${live}.`));

/** What waits in a queue is of one format, and the queue is not made anew. */
function fixedOfSink(from: SinkConfig, to: SinkConfig, { now, next }: { now: Configured; next: Configured }): ConfigIssue[] {
  const path = ['sinks', to.name];
  const rename = to.type === 'file' ? `${RENAME} and another path` : RENAME;
  const issues: ConfigIssue[] = [];
  if (formatOf(from) !== formatOf(to))
    issues.push(issue([...path, from.type === to.type ? 'format' : 'type'], 'cannot change to another format of records', rename));
  if (!isDeepStrictEqual(from.queue, to.queue)) {
    const [old, other] = [now.effective.sinks[to.name]?.queue, next.effective.sinks[to.name]?.queue];
    for (const key of differences(old, other, [...path, 'queue'])) issues.push(issue(key, 'cannot change while the sink is there', rename));
  }
  return issues;
}

function stillThere({ name }: SinkConfig): ConfigIssue {
  return issue(
    ['sinks', name],
    'was removed, and what it had by then is still being delivered',
    'reload when it is through, or restart the agent',
  );
}

function held({ sink, folder, holder, isLeaving }: HeldFolder): ConfigIssue {
  const path = ['sinks', sink, 'path'];
  const first = `reload without the sink ${sink} first, and with it`;
  if (!isLeaving) return issue(path, `is the folder that the sink ${holder} has until it moves: ${folder}`, `${first} afterwards`);
  const fix = `keep the name ${holder}, use another folder, or ${first} when the log says that ${holder} is closed`;
  return issue(path, `is the folder of the removed sink ${holder}, which delivers there what it has yet: ${folder}`, fix);
}

/** Paths of the leaves, lists among them, that are not equal. */
function differences(a: unknown, b: unknown, path: Path): Path[] {
  if (!isMap(a) || !isMap(b)) return isDeepStrictEqual(a, b) ? [] : [path];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => differences(a[key], b[key], [...path, key]));
}

/** `a` but for the value at `path`, which is that of `b`. */
function withValueOf(a: unknown, b: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return b;
  const [whole, other] = [isMap(a) ? a : {}, isMap(b) ? b : {}];
  return { ...whole, [key]: withValueOf(whole[key], other[key], rest) };
}

function issue(path: Path, reason: string, fix: string): ConfigIssue {
  return { path: pathText(path), value: null, reason, fix, at: null };
}

function needsRestart(issues: readonly ConfigIssue[]): AgentError {
  return new AgentError('CONFIG_INVALID', 'the new configuration differs in what cannot change while the agent runs', {
    context: { issues },
  });
}
