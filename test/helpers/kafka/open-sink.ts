import type { KafkaSink } from '../../../src/sink/kafka/kafka-sink.ts';
import { waitFor } from '../wait-for.ts';

const never = new AbortController().signal;

/** A sink that is open; as the agent does, with a new one at each attempt: a broker that has just started gives no producer ids for a moment. */
export function openSink(create: () => KafkaSink): Promise<KafkaSink> {
  const attempt = async (): Promise<KafkaSink> => {
    const sink = create();
    try {
      await sink.open(never);
      return sink;
    } catch (error) {
      await sink.close();
      throw error;
    }
  };
  return waitFor(attempt, { what: 'the sink to open', timeoutMs: 60_000, everyMs: 100 });
}
