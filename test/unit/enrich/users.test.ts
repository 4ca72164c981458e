import { describe, expect, it } from 'vitest';
import { createUserNames, parsePasswd, passwdFile, systemUserNames, type FileVersion } from '../../../src/enrich/users.ts';

class FakePasswd {
  state: FileVersion | undefined = { mtimeMs: 1, size: 10 };
  text: string | undefined = 'root:x:0:0::/:/bin/sh\n';
  looks = 0;
  reads = 0;
  version(): FileVersion | undefined {
    this.looks++;
    return this.state;
  }
  read(): string | undefined {
    this.reads++;
    return this.text;
  }
}

const SECOND = 1e9;

describe('user names', () => {
  it('reads the file once while it does not change, and looks at it every five seconds', () => {
    const file = new FakePasswd();
    const users = createUserNames(file);
    for (let at = 0; at <= 10; at++) users.refresh(at * SECOND);
    expect([users.nameOf(0), users.nameOf(7), file.looks, file.reads]).toEqual(['root', null, 3, 1]);
  });

  it.each([
    { mtimeMs: 2, size: 10 },
    { mtimeMs: 1, size: 11 },
  ])('reads it again when it became %o', (state) => {
    const file = new FakePasswd();
    const users = createUserNames(file);
    users.refresh(0);
    file.state = state;
    file.text = 'toor:x:0:0::/:/bin/sh\n';
    users.refresh(4 * SECOND);
    expect(users.nameOf(0)).toBe('root');
    users.refresh(5 * SECOND);
    expect(users.nameOf(0)).toBe('toor');
  });

  it('keeps what it knows while the file is away, and tries again', () => {
    const file = new FakePasswd();
    const users = createUserNames(file);
    users.refresh(0);
    file.state = { mtimeMs: 3, size: 3 };
    file.text = undefined;
    users.refresh(5 * SECOND);
    expect(users.nameOf(0)).toBe('root');
    file.text = 'late:x:0:';
    users.refresh(10 * SECOND);
    expect(users.nameOf(0)).toBe('late');
  });

  it('passes over what is no user, and lets the first of a uid win', () => {
    const names = parsePasswd('a:x:1:1\nb:x:1:1\n\n+::::::\n#c:x:\nd:x:zz:1\ne:x:4294967294:1');
    expect([...names]).toEqual([
      [1, 'a'],
      [4294967294, 'e'],
    ]);
  });

  it('knows nobody where there is no such file', () => {
    const users = createUserNames(passwdFile('/nonexistent/passwd'));
    users.refresh(0);
    expect(users.nameOf(0)).toBeNull();
  });

  it('knows root on this machine', () => {
    const users = systemUserNames();
    users.refresh(0);
    expect(users.nameOf(0)).toBe('root');
  });
});
