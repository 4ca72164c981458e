import type { Sink } from '../../../src/core/component.ts';
import { waitFor } from '../wait-for.ts';

const never = new AbortController().signal;

/** A sink that is open; as the agent does, with a new one at each attempt: a broker that has just started gives no producer ids for a moment. */
export function openSink<S extends Sink>(create: () => S): Promise<S> {
  const attempt = async (): Promise<S> => {
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
