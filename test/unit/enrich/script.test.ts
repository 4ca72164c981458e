import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { scriptOf } from '../../../src/enrich/script.ts';

const clues = { args: null, filename: null, interpreter: null, name: null };

describe('a script', () => {
  it('is what the kernel ran something else for', () => {
    expect(scriptOf({ ...clues, filename: './run.sh', interpreter: '/bin/sh' })).toEqual({ interpreter: '/bin/sh', path: './run.sh' });
    expect(scriptOf({ ...clues, filename: '/bin/ls', interpreter: '/bin/ls', args: ['/bin/sh', '/bin/ls'] })).toBeNull();
  });

  it.each([
    [['/bin/sh', './run.sh', '-x'], './run.sh', '/bin/sh'],
    [['/usr/bin/env', 'python3', '/opt/run.py'], '/opt/run.py', '/usr/bin/env'],
    [['/bin/sh', '/opt/inner', './outer'], './outer', '/bin/sh'],
  ])('shows in argv where only its path is on record: %j', (args, filename, interpreter) => {
    expect(scriptOf({ ...clues, args, filename })).toEqual({ interpreter, path: filename });
  });

  it.each([
    [['/bin/sh', './run.sh'], '/bin/sh'],
    [['sh', './run.sh'], './run.sh'],
    [['/bin/ls', '-l', '-a', '/bin/ls'], '/bin/ls'],
    [['/bin/ls', '/bin/ls'], '/bin/ls'],
    [[], '/bin/ls'],
  ])('does not show in %j of %s', (args, filename) => {
    expect(scriptOf({ ...clues, args, filename })).toBeNull();
  });

  it.each([
    [['/bin/sh', './run.sh'], 'run.sh', './run.sh'],
    [['/usr/bin/python3', '-u', '/opt/worker.py', 'x'], 'worker.py', '/opt/worker.py'],
    [['/bin/bash', '/opt/a-name-of-sixteen', 'x'], 'a-name-of-sixte', '/opt/a-name-of-sixteen'],
    [['/bin/bash', '/opt/ünïcödé.sh'], 'ünïcödé.sh', '/opt/ünïcödé.sh'],
  ])('shows in the name that the exec gave: %j as %s', (args, name, path) => {
    expect(scriptOf({ ...clues, args, name })).toEqual({ interpreter: args[0], path });
  });

  it.each([
    [['/bin/sh', './run.sh'], 'sh'],
    [['/bin/sh', '/opt/sh'], 'sh'],
    [['python3', 'worker.py'], 'worker.py'],
    [['/bin/bash', '/opt/a-name-of-sixteen'], 'a-name-of-sixt'],
    [['/bin/bash', '-c', 'echo', './run.sh'], 'run.sh'],
    [['/bin/bash', ''], ''],
    [['/usr/bin/env', 'bash', '/opt/run'], 'bash'],
  ])('does not show in the name of %j, %j', (args, name) => {
    expect(scriptOf({ ...clues, args, name })).toBeNull();
  });

  it('is taken from whatever is given without an error', () => {
    const text = fc.option(fc.string());
    fc.assert(
      fc.property(fc.option(fc.array(fc.string())), text, text, text, (args, filename, interpreter, name) => {
        const found = scriptOf({ args, filename, interpreter, name });
        if (found !== null) expect([filename, ...(args ?? [])]).toContain(found.path);
      }),
    );
  });

  it.each(['run.sh', 'a-script-with-a-long-name.sh', 'ünïcödé-ünïcödé.sh'])(
    'started for real shows in its name and arguments: %s',
    async (file) => {
      const path = join(await tempDir(), file);
      // Not the last command, or the shell would exec it in its place.
      writeFileSync(path, '#!/bin/sh -e\nsleep 60\ntrue\n');
      chmodSync(path, 0o755);
      const child = spawn(path, ['argument'], { stdio: 'ignore', detached: true });
      onTestFinished(() => void process.kill(-(child.pid as number), 'SIGKILL'));
      const read = (name: string): string => readFileSync(`/proc/${child.pid}/${name}`, 'utf8');
      const args = await waitFor(() => (read('cmdline').startsWith('/bin/sh\0') ? read('cmdline').split('\0') : undefined), {
        what: 'the exec',
      });
      // As parseStat reads it: the kernel may have cut a character in two.
      const name = read('comm').slice(0, -1);
      expect(scriptOf({ ...clues, args, name })).toEqual({ interpreter: '/bin/sh', path });
    },
  );
});
