import { symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { readConfigFile } from '../../../src/config/read.ts';
import { exitCodeOf } from '../../../src/core/errors.ts';
import { configFile, refusal } from './refusal.ts';

it('reads UTF-8, with or without a byte order mark', () => {
  expect(readConfigFile(configFile('agent: {labels: {site: Zürich}}'))).toBe('agent: {labels: {site: Zürich}}');
  expect(readConfigFile(configFile('\ufeffagent: {}'))).toBe('agent: {}');
});

it.each<[string, () => string, string]>([
  ['a missing file', () => '/nonexistent/forkcast.yaml', '/nonexistent/forkcast.yaml does not exist'],
  ['a directory', () => dirname(configFile('')), 'is a directory'],
  ['a path through a file', () => join(configFile(''), 'x'), 'does not exist: a part of its path is a file'],
  [
    'a link to itself',
    () => {
      const link = join(dirname(configFile('')), 'loop');
      symlinkSync(link, link);
      return link;
    },
    'is a symbolic link that leads to itself',
  ],
  ['a lone hyphen', () => '-', '- is not the name of a file'],
  ['an empty path', () => '', 'the configuration has an empty path'],
  ['an endless device', () => '/dev/zero', 'is larger than 1 MiB'],
  ['UTF-16', () => configFile(Buffer.from('\ufeffa: 1', 'utf16le')), 'is UTF-16 text'],
  ['Latin-1', () => configFile(Buffer.from('site: Z\u00fcrich', 'latin1')), 'is not UTF-8 text'],
  ['a name that would colour the terminal', () => '/nonexistent/\u001b[31m', '/nonexistent/\\x1b[31m does not exist'],
])('refuses %s with exit code 78, saying why and what to do', (_name, file, reason) => {
  const error = refusal(() => readConfigFile(file()));
  expect(error.code).toBe('CONFIG_UNREADABLE');
  expect(error.message).toContain(reason);
  expect(error.fix).toBeTruthy();
  expect(exitCodeOf(error)).toBe(78);
});
