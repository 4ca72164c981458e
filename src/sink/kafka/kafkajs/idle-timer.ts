import { createRequire } from 'node:module';

interface RequestQueue {
  pending: readonly unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

let isPatched = false;

/**
 * kafkajs 2.2.4 looks every millisecond, on each connection and for ever, whether there is anything to send: 2.5 % of a core on an idle host. There is something to
 * look for only where requests wait or the broker asked for a pause. To be called before the first connection.
 */
export function quietIdleConnections(): void {
  if (isPatched) return;
  isPatched = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  // Called with a queue as `this`, below.
  // oxlint-disable-next-line typescript/unbound-method
  const original = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) original.call(this);
  };
}
