import type { Component } from '../core/component.ts';
import type { Lane } from './lane.ts';
import { GRACE_MS } from './waits.ts';

/**
 * Opens it, or rejects with the reason of `boot` some time after that aborted, although the component does not give up: a call to a disk that hangs
 * cannot be interrupted. What opens after all is closed then.
 */
export async function openComponent(component: Pick<Component, 'open' | 'close'>, boot: AbortSignal): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  let grace: NodeJS.Timeout | undefined;
  const abort = (): void => void (grace = setTimeout(() => reject(boot.reason), GRACE_MS));
  if (boot.aborted) abort();
  else boot.addEventListener('abort', abort, { once: true });
  const opening = component.open(boot);
  try {
    await Promise.race([opening, late]);
  } catch (error) {
    // Nobody is there any more to be told how that ends.
    if (error === boot.reason) opening.then(() => component.close()).catch(() => undefined);
    throw error;
  } finally {
    boot.removeEventListener('abort', abort);
    clearTimeout(grace);
  }
}

/** That of the lane, where it has to be opened; in the same way. */
export async function openQueue(lane: Pick<Lane, 'openQueue' | 'queue'>, boot: AbortSignal): Promise<void> {
  const open = async (until: AbortSignal): Promise<void> => lane.openQueue?.(until);
  await openComponent({ open, close: () => lane.queue.close() }, boot);
}
