import { describe, expect, it } from 'vitest';
import { parseEnviron } from '../../../../src/enrich/procfs/environ.ts';
import { parsePidNamespace } from '../../../../src/enrich/procfs/pid-ns.ts';
import { parseSessionId } from '../../../../src/enrich/procfs/session-id.ts';
import { shared } from '../fixtures.ts';

describe('the audit session', () => {
  it.each([
    ['7', 7],
    ['4294967295', null],
    ['', undefined],
    ['x', undefined],
  ])('%j is %s', (text, session) => {
    expect(parseSessionId(shared(text))).toBe(session);
  });
  it('that could not be read is not unset', () => expect(parseSessionId(13)).toBeUndefined());
});

describe('the pid namespace', () => {
  it.each([
    ['pid:[4026532263]', 4_026_532_263],
    ['pid:[4026531836]', null],
    ['mnt:[4026532263]', undefined],
    ['pid:[]', undefined],
    ['', undefined],
  ])('%j is %s', (text, inode) => {
    expect(parsePidNamespace(shared(text))).toBe(inode);
  });
  it('that could not be read is not the initial one', () => expect(parsePidNamespace(2)).toBeUndefined());
});

describe('chosen variables', () => {
  it('are a map, the first of a name first', () => {
    expect(parseEnviron(shared('LD_PRELOAD=/tmp/x.so\0EMPTY=\0LD_PRELOAD=/late\0A=b=c\0'))).toEqual({
      LD_PRELOAD: '/tmp/x.so',
      EMPTY: '',
      A: 'b=c',
    });
  });
  it.each([
    ['', null],
    ['=x\0', null],
    ['nothing\0', null],
  ])('in %j are none', (text, found) => {
    expect(parseEnviron(shared(text))).toBe(found);
  });
  it('are none where they could not be read', () => expect(parseEnviron(13)).toBeNull());
  it('may be called what every object inherits, and are cut', () => {
    expect(Object.entries(parseEnviron(shared('__proto__=x\0')) ?? {})).toEqual([['__proto__', 'x']]);
    expect(parseEnviron(shared(`A=${'x'.repeat(10_000)}\0`))?.['A']?.length).toBe(4096);
  });
});
