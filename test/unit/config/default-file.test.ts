import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { defaultConfigText } from '../../../src/config/default-file.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { CORE_SCHEMA } from '../../../src/config/schema.ts';
import { SINK_TYPES, SINK_TYPE_NAMES, sinkGroup } from '../../../src/config/sink-types.ts';
import { natsSinkSchema } from '../../../src/sink/nats/config.ts';
import { ensureStreamSchema } from '../../../src/sink/nats/ensure-config.ts';
import { registrySchema } from '../../../src/sink/registry/config.ts';
import { tlsSchema } from '../../../src/sink/security/tls.ts';
import { isSetting } from '../../../src/core/setting.ts';
import type { SettingGroup } from '../../../src/core/setting.ts';
import { configFile } from './refusal.ts';

const CONFIG = fileURLToPath(new URL('../../../config/', import.meta.url));

describe('config/forkcast.yaml', () => {
  const written = parse(defaultConfigText()) as Record<string, Record<string, unknown>>;

  it('means exactly the defaults, value for value', () => {
    expect(written).toEqual(loadConfig().effective);
    expect(loadConfig({ file: configFile(defaultConfigText()) }).config).toEqual(loadConfig().config);
  });

  it('has every key of the schema', () => {
    const { sinks: writtenSinks, ...core } = written;
    expectEveryKey(CORE_SCHEMA, core);
    const sinks = Object.values(writtenSinks ?? {}) as Record<string, unknown>[];
    for (const type of SINK_TYPE_NAMES) {
      const sink = sinks.find((one) => one['type'] === type);
      if (sink !== undefined) expectEveryKey(sinkGroup(type), sink);
      else if (type === 'kafka' || type === 'nats') continue;
      // What only serves tests and measurements is explained in a comment.
      else expect(keysInComment(type)).toEqual(Object.keys(SINK_TYPES[type].schema));
    }
  });

  it('has every key of a Kafka sink in a comment, with its default or an example', () => {
    const { shown, asShown, bare } = shownWithDefaults('kafka');
    // These are off by default, so what is shown of them is the example.
    const { registry, tls, sasl } = bare;
    expect({ ...asShown, registry, tls, sasl }).toEqual(bare);
    const { tls: itsTls, ...ofRegistry } = shown['registry'] as Record<string, unknown>;
    expect([shown['tls'], itsTls]).toEqual([defaultsOf(tlsSchema), defaultsOf(tlsSchema)]);
    expect(ofRegistry).toEqual({ ...defaultsOf(registrySchema), url: 'http://localhost:8081', tls: undefined });
  });

  it('has every key of a NATS sink in a comment, with its default or an example', () => {
    const { shown, asShown, bare } = shownWithDefaults('nats');
    const { registry, ensure_stream, tls, auth } = bare;
    expect({ ...asShown, registry, ensure_stream, tls, auth }).toEqual(bare);
    expect([shown['ensure_stream'], shown['tls']]).toEqual([defaultsOf(ensureStreamSchema), defaultsOf(tlsSchema)]);
    expect(shown['auth']).toEqual({ ...defaultsOf(natsSinkSchema.auth.group), creds: 'file:/etc/forkcast/nats.creds' });
    const { tls: itsTls, ...ofRegistry } = shown['registry'] as Record<string, unknown>;
    expect(itsTls).toEqual(defaultsOf(tlsSchema));
    expect(ofRegistry).toEqual({ ...defaultsOf(natsSinkSchema.registry.group), url: 'http://localhost:8081', tls: undefined });
  });

  it('says above every key, or above its neighbours, what it means', () => {
    const lines = defaultConfigText().split('\n');
    const bare = lines.filter(
      (line, index) => /^ {2}\w+:/.test(line) && !/^ *(#|\w+:$|$)/.test(lines[index - 1] ?? '') && !/^ {2}\w/.test(lines[index - 1] ?? ''),
    );
    expect(bare).toEqual([]);
  });

  it('states the bounds that the schema has', () => {
    for (const [section, group] of Object.entries<SettingGroup>(CORE_SCHEMA)) {
      for (const [key, setting] of Object.entries(group)) {
        if (isSetting(setting) && 'min' in setting)
          expect(defaultConfigText(), `${section}.${key}`).toContain(`${setting.min} to ${setting.max}`);
      }
    }
  });
});

/** Of a comment that names the type and shows its keys as `{key: value, …}`. */
function keysInComment(type: string): string[] {
  const about = defaultConfigText().split(new RegExp(`^# .*\\b${type}\\b`, 'm'))[1] ?? '';
  const [, keys = ''] = /^[^\n{]*\{(.*)\}/.exec(about) ?? [];
  return keys === '' ? [] : keys.split(', ').map((pair) => pair.split(':')[0] ?? '');
}

/** A sink of this type as a comment shows it; and what it means, beside what one means that says no more than its type. */
function shownWithDefaults(type: 'kafka' | 'nats') {
  const shown = shownInComment(type);
  expectEveryKey(sinkGroup(type), shown);
  const file = (sink: object): string => configFile(JSON.stringify({ sinks: { siem: sink } }));
  const meaning = (sink: object) => loadConfig({ file: file(sink) }).effective.sinks['siem'] as Record<string, unknown>;
  return { shown, asShown: meaning(shown), bare: meaning({ type }) };
}

/** The YAML of a comment that shows a sink of this type. */
function shownInComment(type: string): Record<string, unknown> {
  const block = new RegExp(`^  # siem:\\n  #   type: ${type}$(?:\\n  #.*)+`, 'm').exec(defaultConfigText())?.[0] ?? '';
  return (parse(block.replaceAll(/^  # ?/gm, '')) as Record<string, Record<string, unknown>>)['siem'] ?? {};
}

function defaultsOf(group: SettingGroup): Record<string, unknown> {
  return Object.fromEntries(Object.entries(group).map(([key, node]) => [key, isSetting(node) ? node.default : defaultsOf(node)]));
}

function expectEveryKey(group: SettingGroup, written: unknown): void {
  expect(Object.keys(written as object)).toEqual(Object.keys(group));
  for (const [key, node] of Object.entries(group)) {
    const value = (written as Record<string, unknown>)[key];
    if (!isSetting(node)) expectEveryKey(node, value);
    else if (node.format === 'switch' && value !== 'off') expectEveryKey(node.group, value);
  }
}

describe('examples', () => {
  it.each(readdirSync(join(CONFIG, 'examples')))('%s is valid', (name) => {
    expect(readFileSync(join(CONFIG, 'examples', name), 'utf8')).toMatch(/^# /);
    expect(() => loadConfig({ file: join(CONFIG, 'examples', name) })).not.toThrow();
  });
});
