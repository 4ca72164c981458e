import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writePath } from '../../../../../src/ingest/capture/bpf/path-text.ts';
import { names } from '../../../../helpers/bpf-records.ts';

function written(path: string, { deleted = false, room = 4096 } = {}): string | undefined {
  const bytes = Buffer.concat([Buffer.from('before\0'), names(path), Buffer.from('after\0')]);
  const to = Buffer.alloc(8192, '!');
  const size = writePath(to, 3, { names: { bytes, at: 7, length: names(path).length, deleted }, room });
  if (size < 0) return undefined;
  expect(to.toString('latin1', 3 + size, 3 + size + 2)).toBe('!!');
  return to.toString('latin1', 3, 3 + size);
}

it.each(['/usr/bin/true', '/x', '/', '/a/b/c/d/e', '/memfd:name', '/with space/(deleted)'])('%s is put together from its names', (path) => {
  expect(written(path)).toBe(path);
});

it('a path is put together from its names, whatever they are', () => {
  const name = fc
    .array(fc.integer({ min: 1, max: 0xff }), { minLength: 1, maxLength: 40 })
    .map((codes) => String.fromCharCode(...codes).replaceAll('/', 'x'));
  fc.assert(
    fc.property(fc.array(name, { maxLength: 20 }), (parts) => {
      const path = `/${parts.join('/')}`;
      expect(written(path)).toBe(path);
    }),
  );
});

it('a file without a name is marked as the kernel does it', () => {
  expect(written('/tmp/gone', { deleted: true })).toBe('/tmp/gone (deleted)');
});

it('a path that does not fit is not written', () => {
  expect(written('/usr/bin/true', { room: 13 })).toBe('/usr/bin/true');
  expect(written('/usr/bin/true', { room: 12 })).toBeUndefined();
  expect(written('/x', { deleted: true, room: 11 })).toBeUndefined();
});
