import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../../src/enrich/redact/redactor.ts';

const redactor = createRedactor({ defaults: true, patterns: [] }, null);
const FACTS = { exe: null, truncated: false };

/** What any rule could be made to look at again and again, repeated. */
const HOSTILE = [
  'a|=|"|\'|\\|-| |:|/|[redacted]|\\"|\' "|" \'|("|a \'b" |[{"| ; ',
  'key=|password=|a=|token:|key="|key:\'|password="|password=\\|password= |token=id=|token=$|&token=id=|,token=a;|PWD=/',
  'eyJ|eyJa-|eyJa.|sk-a-|ghp_|AKIA|Bearer |-----BEGIN |-----BEGIN PRIVATE KEY',
  '://|a://b:c/|a://b@|://a:b|://hooks.slack.com/services/',
  '--key |--password |--password=|-p |mysql -p|$(mysql -p|sh -c "|sh -c \'|curl -u a:',
]
  .flatMap((line) => line.split('|'))
  .concat(
    `d 'x`,
    `PASSWORD 'x`,
    `send 'x`,
    `assword send 'x' `,
    'echo a|sudo ',
    'echo a',
    'sudo -S<<<x ',
    '<password>',
    'password>',
    "auth('a','",
  );

/** Milliseconds, as a text for a shell and as any argument. */
function cost(text: string): number {
  const since = performance.now();
  redactor.argv(['sh', '-c', text], null, FACTS);
  redactor.argv([text], null, FACTS);
  return performance.now() - since;
}

const LENGTH = 1 << 13;
const TIMES = 8;
/** In proportion a text of eight times the length takes eight times as long; squared it would be sixty-four times. */
const MOST = 24;
/** What disturbs a run makes it longer, never shorter: the least of many is what it takes. */
const RUNS = 40;

describe('time in proportion to the length', () => {
  it.each(HOSTILE)('of %j again and again', (piece) => {
    const short = piece.repeat(LENGTH / piece.length);
    const long = piece.repeat((TIMES * LENGTH) / piece.length);
    let [leastShort, leastLong] = [cost(short), cost(long)];
    for (let run = 1; run < RUNS && leastLong > MOST * leastShort; run++) {
      leastShort = Math.min(leastShort, cost(short));
      leastLong = Math.min(leastLong, cost(long));
    }
    expect(leastLong).toBeLessThanOrEqual(MOST * leastShort);
  });

  it('of two million bytes in one argument, or in as many as there can be', () => {
    const size = 2 << 20;
    expect(redactor.argv(['app', 'a'.repeat(size)], null, FACTS)).toBeNull();
    const many = Array.from({ length: size / 16 }, (_, i) => (i % 1000 === 0 ? '--password=hunter' : 'harmless-argument'));
    expect(redactor.argv(['app', ...many], null, FACTS)?.count).toBe(Math.ceil(many.length / 1000));
  });
});
