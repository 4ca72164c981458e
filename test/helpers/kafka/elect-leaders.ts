/**
 * ElectLeaders (key 43), version 2:
 *
 *     request   election_type int8 (0: preferred) · [topic compact string · [partition int32] · tags] · timeout_ms int32 · tags
 *     response  throttle_time_ms int32 · error_code int16 · [topic · [partition int32 · error_code int16 · error_message · tags] · tags] · tags
 */
import { createAPI, Writer } from '@platformatic/kafka';
import type { Reader } from '@platformatic/kafka';

const PREFERRED = 0;
/** The leader is the preferred one already. */
const ELECTION_NOT_NEEDED = 84;

/** How the election went for partitions where it did not go well. */
interface Failure {
  readonly partition: number;
  readonly code: number;
}

function createRequest(topic: string, partitions: number[], timeoutMs: number): Writer {
  return Writer.create()
    .appendInt8(PREFERRED)
    .appendArray([topic], (w, name) => {
      w.appendString(name).appendArray(partitions, (each, partition) => each.appendInt32(partition), true, false);
    })
    .appendInt32(timeoutMs)
    .appendTaggedFields();
}

function parseResponse(_correlationId: number, _key: number, _version: number, reader: Reader): Failure[] {
  reader.readInt32();
  const code = reader.readInt16();
  const topics = reader.readArray((r) => {
    r.readString();
    return r.readArray((each) => {
      const failure = { partition: each.readInt32(), code: each.readInt16() };
      each.readNullableString();
      return failure;
    });
  });
  const failures = (topics as Failure[][]).flat().filter((each) => each.code !== 0 && each.code !== ELECTION_NOT_NEEDED);
  return code === 0 ? failures : [{ partition: -1, code }, ...failures];
}

export const electLeaders = createAPI<[topic: string, partitions: number[], timeoutMs: number], Failure[]>(
  43,
  2,
  createRequest,
  parseResponse,
);
