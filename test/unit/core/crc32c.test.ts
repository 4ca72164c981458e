import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/core/crc32c.ts';

describe('crc32c', () => {
  // RFC 3720, B.4.
  it.each([
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s is as published', (_, bytes, expected) => expect(crc32c(bytes)).toBe(expected));

  it('begins where it is told to, wherever that is', () => {
    const bytes = Buffer.from('in front of it: 123456789');
    expect(crc32c(bytes, 16)).toBe(0xe3069283);
  });
});
