import { expect, it } from 'vitest';
import { longBytes, MAX_HEADER_BYTES, ocfHeader } from '../../../../src/encode/avro/ocf-header.ts';
import { walkOcf } from '../../../../src/encode/avro/ocf-walk.ts';
import type { OcfFound } from '../../../../src/encode/avro/ocf-walk.ts';
import { readAll, sync } from '../files.ts';

function walked(bytes: Uint8Array): { asks: number; found: OcfFound[] } {
  const found: OcfFound[] = [];
  let asks = 0;
  let answer: Uint8Array = new Uint8Array(0);
  const walk = walkOcf();
  for (let step = walk.next(answer); step.done !== true; step = walk.next(answer)) {
    if (step.value.what !== 'ask') found.push(step.value);
    else {
      asks++;
      answer = bytes.subarray(step.value.at, step.value.at + step.value.length);
    }
  }
  return { asks, found };
}

const entries = (count: number): Uint8Array => ocfHeader(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, ''])), sync);
const magic = Buffer.from('Obj\u0001', 'latin1');

it('parses a header anew only as often as its size doubles', () => {
  const header = entries(1000);
  const { asks, found } = walked(header);
  expect(found).toMatchObject([{ what: 'header', end: header.length }]);
  expect(asks).toBeLessThan(3 + Math.log2(header.length));
});

it('asks as seldom where the file ends within the header', () => {
  const header = entries(900).subarray(0, -1);
  const { asks, found } = walked(header);
  expect(found).toEqual([{ what: 'torn', at: 0, bytes: header.length }]);
  expect(asks).toBeLessThan(3 + Math.log2(header.length));
});

it('refuses more metadata entries than any file of ours has, in one block or many', async () => {
  const reason = /^more than 1000 metadata entries, at byte \d+ of its header$/;
  expect(walked(entries(6000)).found).toMatchObject([{ what: 'unreadable', at: 0, reason: expect.stringMatching(reason) as unknown }]);
  const blocks = Buffer.concat([magic, ...Array.from({ length: 6000 }, () => Buffer.from([2, 0, 0])), longBytes(0), sync]);
  const { asks, found } = walked(blocks);
  expect(found).toMatchObject([{ what: 'unreadable', at: 0, reason: expect.stringMatching(reason) as unknown }]);
  expect(asks).toBeLessThan(3 + Math.log2(blocks.length));
  await expect(readAll(blocks)).rejects.toMatchObject({
    code: 'FILE_CORRUPT',
    message: expect.stringContaining('at byte 0: more than 1000') as unknown,
  });
});

it('takes a header of a little less than 1 MiB and refuses a larger one', () => {
  const fits = ocfHeader({ a: 'x'.repeat(MAX_HEADER_BYTES - 100) }, sync);
  expect(walked(fits).found).toMatchObject([{ what: 'header', end: fits.length }]);
  const large = ocfHeader({ a: 'x'.repeat(MAX_HEADER_BYTES) }, sync);
  expect(walked(large).found).toEqual([{ what: 'unreadable', at: 0, reason: 'its header has no end within 1048576 bytes' }]);
});

it('says where in the input a later file has the bad header', () => {
  const first = entries(1);
  expect(walked(Buffer.concat([first, entries(1001)])).found).toMatchObject([{ what: 'header' }, { what: 'unreadable', at: first.length }]);
});
