import { expect } from 'vitest';
import type { LogLine } from '../../helpers/agent-log.ts';

const AGAIN = 'delivering again';
const refused = (what: string, fix: string): unknown[] => [
  `SINK_REFUSED ${what}; keeping the events, and trying again until it is put right | ${fix}`,
  AGAIN,
];
const refusing = (what: RegExp, fix: RegExp): unknown[] => [
  expect.stringMatching(
    new RegExp(`^SINK_REFUSED ${what.source}; keeping the events, and trying again until it is put right \\| .*${fix.source}`),
  ),
  AGAIN,
];
const failing = (what: string): unknown[] => [
  expect.stringMatching(`^SINK_UNREACHABLE 127\\.0\\.0\\.1:\\d+: ${what}; trying again \\| `),
  AGAIN,
];
const aside = (what: RegExp): unknown => expect.arrayContaining([expect.stringMatching(what)]);
const creation = (name: string): string =>
  `Create it: nats stream add ${name} --subjects='${name}.process.*,${name}.agent.*' --storage=file --replicas=1 --retention=limits --discard=old --max-bytes=10737418240 --max-age=604800s --dupe-window=120s --defaults`;

/** What the agent says of each sink: code, what, and what to do. */
export const EXPECTED: Readonly<Record<string, unknown>> = {
  whole: [],
  late: failing('ECONNREFUSED'),
  missing: refused('there is no stream missing', creation('missing')),
  ensured: ['the stream ensured was not there: created it'],
  full: refusing(/the stream does not take it: maximum messages exceeded \(10077\)/, /The stream is full: /),
  // What was on its way when the stream, or the right, went may have been lost with it, and be spoken of first.
  gone: expect.arrayContaining(refused('there is no stream gone', creation('gone'))),
  astray: refusing(/the stream does not take it: expected stream does not match \(10060\)/, /[Cc]orrect stream/),
  parcels: aside(/^RECORD_REJECTED events put aside: the stream does not take it: message size exceeds maximum allowed \(10054\) \| /),
  narrow: aside(/^RECORD_REJECTED events put aside: of \d{4,} bytes it is larger than the server takes \(max_payload 8000\) \| /),
  rights: expect.arrayContaining(
    refusing(/the user agent may not publish to rights\.process\.\w+/, /Allow the user agent to publish to it/),
  ),
  slow: failing('no acknowledgement has come for 3 s'),
};

export const wordsOf = ({ code, msg, fix }: LogLine): string => (code === undefined ? msg : `${code} ${msg} | ${fix}`);
