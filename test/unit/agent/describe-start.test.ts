import { expect, test } from 'vitest';
import { describeStart } from '../../../src/agent/describe-start.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { configFile } from '../config/refusal.ts';

function windowsOf(yaml: string): readonly string[] {
  const { config } = loadConfig({ file: configFile(yaml), overrides: [] });
  return describeStart({
    config,
    facts: { version: '1.2.3', configHash: '', capabilities: [] },
    source: { sources: [], degraded: [], lossWindows: ['of the source'] },
    sinkIds: new Map(config.sinks.map(({ name }) => [name, Buffer.alloc(16)])),
    previous: undefined,
    acceptedBefore: new Map(),
    containerLimit: undefined,
  }).loss_windows;
}

test('START names each sink behind which nobody acknowledges', () => {
  const sinks = `sinks:
  kept: {type: nats, subject: 'a.{host}.process'}
  bus: {type: nats, mode: core, subject: 'b.{host}.process'}
  disk: {type: file}
`;
  const [ofSource, ...ofSinks] = windowsOf(sinks);
  expect(ofSource).toBe('of the source');
  expect(ofSinks).toHaveLength(1);
  expect(ofSinks[0]).toMatch(/^sink bus: NATS core: .* misses it, and nobody counts that$/);
});
