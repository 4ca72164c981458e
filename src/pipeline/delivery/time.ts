import { systemClock } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';

/** Time as the delivery sees it; tests let it pass by themselves. */
export interface DeliveryTime extends Clock {
  /** Calls `due` once after so many milliseconds, 0 being the next turn of the event loop; returns how to call it off. */
  after(ms: number, due: () => void): () => void;
}

export const systemTime: DeliveryTime = {
  ...systemClock,
  after(ms, due) {
    if (ms === 0) {
      const turn = setImmediate(due);
      return () => clearImmediate(turn);
    }
    const timer = setTimeout(due, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after so long, or as soon as `signal` is aborted; never rejects. */
export function pause(time: DeliveryTime, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    callOff();
    signal.removeEventListener('abort', end);
    resolve();
  };
  const callOff = time.after(ms, end);
  signal.addEventListener('abort', end, { once: true });
  return promise;
}
