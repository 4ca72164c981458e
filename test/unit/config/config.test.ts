import { expect, it } from 'vitest';
import { configHash } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { configFile } from './refusal.ts';

const load = (text: string) => loadConfig({ file: configFile(text) }).config;

it('turns sizes and durations into numbers and kinds into the words of events', () => {
  const config = load(`
agent: {data_dir: /d, labels: {env: prod}, shutdown_timeout: 1m30s}
source: {receive_buffer: 4KiB, threads: true, events: [exit, exec], snapshot: false}
enrich: {max_processes: 64, exit_ttl: 100ms, max_args_bytes: 2MiB, exec_cache: on, ancestors: 0, containers: {docker: /run/podman/podman.sock, labels: false}, env: [LD_PRELOAD, A], exe_sha256: true}
sinks: {z: {type: stdout, filter: {kinds: [snapshot, exec]}, queue: {max_size: 4MiB, max_events: 7, when_full: drop_oldest}}, a: {type: file, path: /e}}
telemetry: {log_level: debug}
`);
  expect(config.agent).toEqual({ dataDir: '/d', labels: { env: 'prod' }, shutdownTimeoutMs: 90_000, checkpointIntervalMs: 5000 });
  expect(config.source).toEqual({
    type: 'proc_connector',
    canaryAfterMs: 30_000,
    fallback: 'scan',
    kernelFilter: false,
    resyncIntervalMs: 600_000,
    scanIntervalMs: 1000,
    receiveBufferBytes: 4096,
    threads: true,
    events: ['EXEC', 'EXIT'],
    snapshot: false,
    replay: { path: './recording.fcrec', speed: 1 },
    synthetic: { seed: 1, eventsPerSecond: 1000, events: 0, lostPerMillion: 0 },
  });
  expect(config.enrich).toEqual({
    maxProcesses: 64,
    exitTtlMs: 100,
    maxArgsBytes: 2097152,
    execCache: 'on',
    ancestors: 0,
    containers: { docker: '/run/podman/podman.sock', labels: false },
    env: ['A', 'LD_PRELOAD'],
    exeSha256: true,
    redact: { defaults: true, patterns: [], hmacKey: null },
    filter: [],
    throttle: null,
  });
  expect(config.telemetry).toEqual({ logLevel: 'debug' });
  expect(config.sinks.map(({ name, type }) => [name, type])).toEqual([
    ['a', 'file'],
    ['z', 'stdout'],
  ]);
  expect(config.sinks[1]).toMatchObject({
    kinds: ['EXEC', 'SNAPSHOT'],
    queue: { type: 'memory', maxBytes: 4194304, maxEvents: 7, whenFull: 'drop_oldest' },
    batch: { maxEvents: 1000, maxBytes: 921600, lingerMs: 5 },
    retry: { initialMs: 100, maxMs: 30_000 },
    holdMs: 30_000,
    deadLetter: { maxBytes: 67_108_864 },
  });
});

it('is frozen throughout', () => {
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    expect(Object.isFrozen(value)).toBe(true);
    Object.values(value).forEach(walk);
  };
  walk(load('agent: {labels: {a: b}}'));
});

it('hashes what the configuration means, not how it is written', () => {
  const hash = configHash(
    load('enrich: {exit_ttl: 1m30s, ancestors: 8}\nsource: {events: [exec, fork]}\nsinks: {a: {type: stdout}, b: {type: file}}'),
  );
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(configHash(load('source: {events: [fork, exec]}\nsinks: {b: {type: file}, a: {type: stdout}}\nenrich: {exit_ttl: 90s}'))).toBe(
    hash,
  );
  expect(configHash(load('source: {events: [fork, exec]}\nsinks: {b: {type: file}, a: {type: stdout}}\nenrich: {exit_ttl: 91s}'))).not.toBe(
    hash,
  );
});
