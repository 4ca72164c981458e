import type { AgentError } from '../../../../src/core/errors.ts';
import { KafkaSink } from '../../../../src/sink/kafka/kafka-sink.ts';
import { Splitter } from '../../../../src/sink/kafka/splitter.ts';
import type { FakeDriver } from './fake-driver.ts';
import type { Answer, Attempt } from './fake-driver.ts';

export const never = new AbortController().signal;
const envelope = { prefix: new Uint8Array(0), headers: [], eventIdPrefix: 'a:' };

/** Records go by their sequence to one of so many hosts, those about the agent to their own topic where there is one. */
export async function opened(
  driver: FakeDriver,
  hosts = 1,
  { agentTopic = 't', refuse }: { agentTopic?: string; refuse?: (sequence: number) => AgentError | undefined } = {},
): Promise<KafkaSink> {
  const addresses = Array.from({ length: hosts }, (_, i) => ({ topic: 't', key: Buffer.from(`host-${i}`), envelope }));
  const agent = { topic: agentTopic, key: Buffer.from('host-0'), envelope };
  const sink = new KafkaSink({
    id: 'kafka',
    loadDriver: () => Promise.resolve(driver),
    splitter: new Splitter(({ sequence, stream }) => {
      const error = refuse?.(sequence);
      if (error !== undefined) throw error;
      return stream === 'agent' ? agent : (addresses[sequence % hosts] as (typeof addresses)[number]);
    }),
    streamsApart: agentTopic !== 't',
  });
  await sink.open(never);
  return sink;
}

/** The first attempt is answered so, the others with success. */
export const once = (answer: Answer): ((attempt: Attempt) => Answer) => {
  let left: Answer = answer;
  return () => {
    const given = left;
    left = undefined;
    return given;
  };
};

/** Until whatever can go on by itself has. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

export const logOf = (driver: FakeDriver, partition = 0): number[] => driver.logs.get(partition) ?? [];
