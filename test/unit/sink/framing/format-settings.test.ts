import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../src/config/load.ts';
import { configFile, issuesIn } from '../../config/refusal.ts';
import { formatFaults } from '../../../../src/sink/framing/format-settings.ts';

const written = (sink: string): string => configFile(`sinks: {a: ${sink}}`);

describe('what only Avro has', () => {
  test('is no fault with Avro', () => {
    expect(formatFaults({ format: 'avro', framing: 'confluent', registry: {}, key: 'entity_id' })).toEqual([]);
  });

  test.each(['json', 'ecs', 'ocsf'] as const)('is none of %s', (format) => {
    expect(formatFaults({ format, framing: 'single_object', registry: 'off', key: 'host_id' })).toEqual([]);
    const faults = formatFaults({ format, framing: 'raw', registry: {}, key: 'container' });
    expect(faults.map(({ within }) => within)).toEqual([['framing'], ['registry'], ['key']]);
    for (const { reason, fix } of faults) expect([reason, fix === '']).toEqual([`is for format avro only, and this is ${format}`, false]);
  });
});

describe.each(['kafka', 'nats'])('a sink of type %s', (type) => {
  test('takes a format and a version', () => {
    const { config } = loadConfig({ file: written(`{type: ${type}, format: ocsf, ocsf_version: "1.3.0"}`) });
    expect(config.sinks[0]?.settings).toMatchObject({ format: 'ocsf/1.3.0' });
    expect(loadConfig({ file: written(`{type: ${type}}`) }).config.sinks[0]?.settings).toMatchObject({ format: 'avro' });
  });

  test('says what does not go with it', () => {
    expect(issuesIn(`sinks: {a: {type: ${type}, format: ecs, framing: raw}}`)).toMatchObject([{ path: 'sinks.a.framing' }]);
  });

  test('knows no other version', () => {
    expect(issuesIn(`sinks: {a: {type: ${type}, format: ocsf, ocsf_version: "2.0.0"}}`)).toMatchObject([{ path: 'sinks.a.ocsf_version' }]);
  });
});
