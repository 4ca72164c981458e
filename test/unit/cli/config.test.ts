import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { configHash } from '../../../src/config/config.ts';
import { defaultConfigText } from '../../../src/config/default-file.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { configFile } from '../config/refusal.ts';
import { forkcast } from './fake-io.ts';

it('--defaults prints the commented file', async () => {
  expect(await forkcast('config', '--defaults')).toMatchObject({ code: 0, out: defaultConfigText(), err: '' });
});

it('--schema prints the JSON Schema', async () => {
  expect(JSON.parse((await forkcast('config', '--schema')).out)).toEqual(configJsonSchema());
});

it('--effective prints a file that means the same', async () => {
  const file = configFile(
    'agent: {labels: {"app.name": "a: b", n: "7", y: "yes"}}\nsinks: {z: {type: stdout}, a: {type: file, codec: "null"}}\n',
  );
  const { code, out } = await forkcast('config', '--effective', '-c', file, '--set', 'enrich.ancestors=3');
  expect(code).toBe(0);
  const original = loadConfig({ file, overrides: ['enrich.ancestors=3'] });
  expect(configHash(loadConfig({ file: configFile(out) }).config)).toBe(configHash(original.config));
  expect(parse(out)).toEqual(original.effective);
  expect(out).toContain('events: [fork, exec, exit, uid, gid, sid, ptrace, comm, coredump]\n');
});

it('--effective --json prints the same as JSON', async () => {
  expect(JSON.parse((await forkcast('config', '--effective', '--json')).out)).toEqual(loadConfig().effective);
});

it('--effective of a wrong configuration is an error', async () => {
  expect(await forkcast('config', '--effective', '--set', 'agent.x=1')).toMatchObject({ code: 78, out: '' });
});
