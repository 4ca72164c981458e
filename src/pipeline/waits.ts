import type { Component } from '../core/component.ts';
import { AgentError } from '../core/errors.ts';

/** How long whoever was told to let go may take: a disk that hangs cannot be interrupted, and drivers may be wrong. */
export const GRACE_MS = 3000;
/** A component that is closed while the others go on: a file is finished, a connection flushed. */
const CLOSE_MS = 10_000;

/** Rejects with `late` when `work` takes longer; what becomes of the work then is of no interest. */
export async function within<T>(ms: number, work: Promise<T>, late: () => unknown): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects with what the closing rejects with, or with SINK_UNREACHABLE where it takes too long. */
export function closeInTime(component: Pick<Component, 'close'> & Partial<Pick<Component, 'id'>>): Promise<void> {
  const name = component.id ?? 'its queue';
  return within(
    CLOSE_MS,
    component.close(),
    () => new AgentError('SINK_UNREACHABLE', `${name} does not close within ${CLOSE_MS / 1000} s`),
  );
}

/** What is waited for, by name, until there is no time left for it. */
export class Waits {
  readonly #names = new Set<{ readonly name: string }>();
  readonly #over = Promise.withResolvers<never>();
  #timer: NodeJS.Timeout | undefined;
  #done = false;

  constructor() {
    // Whether anybody waits is up to `whole`.
    this.#over.promise.catch(() => undefined);
  }

  /** Passes `work` on. */
  async for<T>(name: string, work: Promise<T>): Promise<T> {
    const entry = { name };
    this.#names.add(entry);
    try {
      return await work;
    } finally {
      this.#names.delete(entry);
    }
  }

  /** From now on there is so much time; the first call counts. */
  limit(ms: number): void {
    if (this.#done) return;
    this.#timer ??= setTimeout(() => this.#over.reject(this.#overdue()), ms);
  }

  /** Settles as `work` does, or rejects with SHUTDOWN_INCOMPLETE, which names what is still waited for, when the time is over. */
  async whole<T>(work: Promise<T>): Promise<T> {
    try {
      return await Promise.race([work, this.#over.promise]);
    } finally {
      this.#done = true;
      clearTimeout(this.#timer);
    }
  }

  #overdue(): AgentError {
    const names = [...new Set([...this.#names].map(({ name }) => name))];
    return new AgentError('SHUTDOWN_INCOMPLETE', `the agent ends although something does not let go: ${names.join(', ')}`, {
      fix: 'See whether a disk hangs, or what a sink writes to; what was accepted into a queue on disk is there.',
    });
  }
}

export function incomplete(): AgentError {
  return new AgentError('SHUTDOWN_INCOMPLETE', 'the agent was stopped before everything was delivered', {
    fix: 'Raise agent.shutdown_timeout, or see why a sink is slow.',
  });
}
