import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const root = resolve(import.meta.dirname, '../..');
const script = (...words: string[]) => runCommand(process.execPath, ['scripts/schemas.mjs', ...words], { cwd: root });

it('the published schemas are the last accepted ones, break none that was, and have their reference', async () => {
  expect(await script('check')).toMatchObject({ code: 0, stderr: '' });
});

describe('what breaks a released schema is refused, and the field named', () => {
  const process = join(root, 'schemas/ProcessEvent.v1.avsc');

  async function compared(from: string | RegExp, to: string): Promise<string[]> {
    const text = await readFile(process, 'utf8');
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    const path = join(await tempDir(), 'changed.avsc');
    await writeFile(path, changed);
    const { code, stderr } = await script('compare', process, path);
    expect(code).toBe(stderr === '' ? 0 : 1);
    return stderr.split('\n').filter((line) => line !== '');
  }
  const PID = '{"name": "pid", "doc": "Process id (thread group id) in the initial pid namespace.", "type": "int"},';
  const NS = 'forkcast.v1.ProcessEvent';

  it.each<[string, string | RegExp, string, string[]]>([
    ['a removed field', PID, '', [`${NS}.process.pid: was removed or renamed`, `${NS}.process.tid: was field 2 of its record, is field 1`]],
    [
      'a renamed field',
      '"name": "cwd"',
      '"name": "folder"',
      [`${NS}.process.cwd: was removed or renamed`, `${NS}.process.folder: is new, but not at the end of its record`],
    ],
    ['another type', PID, PID.replace('int', 'long'), [`${NS}.process.pid: was int, is long`]],
    ['a field that can be null now', PID, PID.replace('"int"', '["null", "int"]'), [`${NS}.process.pid: can be null now`]],
    ['another default', /("name": "cpu".*)"default": null/, '$1"default": 0', [`${NS}.cpu: its default was null, is 0`]],
    [
      'another logical type',
      /("name": "time".*)timestamp-micros/,
      '$1timestamp-millis',
      [`${NS}.time: was long (timestamp-micros), is long (timestamp-millis)`],
    ],
    ['a longer id', '"size": 16', '"size": 20', [`${NS}.agent_id: had 16 bytes, has 20`]],
    [
      'a new field in the middle',
      PID,
      `${PID} {"name": "x", "type": "int", "default": 0},`,
      [`${NS}.process.x: is new, but not at the end of its record`],
    ],
    [
      'a new field without default',
      '"name": "ForkInfo", "fields": [',
      '"name": "ForkInfo", "fields": [{"name": "x", "type": "int"},',
      [`${NS}.fork.x: is new and has no default`],
    ],
    ['a removed symbol', '"COMM", "COREDUMP", "SNAPSHOT"', '"COMM", "SNAPSHOT"', [`${NS}.kind: its symbol COREDUMP was removed`]],
    ['symbols in another order', '"FORK", "EXEC"', '"EXEC", "FORK"', [`${NS}.kind: its symbols have another order`]],
    [
      'an enum without default',
      '"name": "Mark", "default": "UNKNOWN"',
      '"name": "Mark"',
      [`${NS}.process.marks[]: its default symbol was UNKNOWN, is undefined`],
    ],
  ])('%s', async (_name, from, to, faults) => {
    expect((await compared(from, to)).filter((line) => faults.includes(line))).toEqual(faults);
  });

  it('but not documentation, a new field at the end of its record with a default, or a new symbol', async () => {
    expect(await compared(/"doc": "Wall clock[^"]*"/, '"doc": "When."')).toEqual([]);
    expect(
      await compared(
        'true: a thread of process (its id is process.tid), not a new process.", "type": "boolean"}',
        '", "type": "boolean"}, {"name": "x", "type": "int", "default": 0}',
      ),
    ).toEqual([]);
    expect(await compared('"COREDUMP", "SNAPSHOT"]', '"COREDUMP", "SNAPSHOT", "SIGNAL"]')).toEqual([]);
  });
});
