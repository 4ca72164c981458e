import { createRequire } from 'node:module';

interface SocketRequest {
  readonly sentAt: number;
  readonly requestTimeout: number;
  timeoutRequest(): void;
}

interface RequestQueue {
  pending: readonly unknown[];
  readonly inflight: ReadonlyMap<number, SocketRequest>;
  throttledUntil: number;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
  /** Looks for requests that have waited too long; undefined where it does not run. */
  requestTimeoutIntervalId: NodeJS.Timeout | undefined;
  isConnected(): boolean;
  scheduleCheckPendingRequests(): void;
  scheduleRequestTimeoutCheck(): void;
  sendSocketRequest(request: SocketRequest): void;
  destroy(): void;
}

/** How often kafkajs looks for requests that have waited too long, at least. */
const LOOK_MS = 100;

let isPatched = false;

/**
 * kafkajs 2.2.4 looks every millisecond, on each connection and for ever, whether there is anything to send (2.5 % of a core on an idle host), and ten times a second
 * whether anything has been waited for too long (0.1 % with one partition). There is something to look for only where requests wait or are on their way, or the
 * broker asked for a pause. To be called before the first connection.
 */
export function quietIdleConnections(): void {
  if (isPatched) return;
  isPatched = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  // Called with a queue as `this`, below.
  // oxlint-disable-next-line typescript/unbound-method
  const { scheduleCheckPendingRequests, sendSocketRequest, destroy } = prototype;
  prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) scheduleCheckPendingRequests.call(this);
  };
  // Called when it is connected; the first request begins the looking.
  prototype.scheduleRequestTimeoutCheck = function connected(this: RequestQueue): void {
    if (this.enforceRequestTimeout) this.destroy();
  };
  prototype.sendSocketRequest = function send(this: RequestQueue, request: SocketRequest): void {
    sendSocketRequest.call(this, request);
    if (this.enforceRequestTimeout && this.inflight.size > 0) lookForLate(this);
  };
  prototype.destroy = function destroyAll(this: RequestQueue): void {
    destroy.call(this);
    this.requestTimeoutIntervalId = undefined;
  };
}

function lookForLate(queue: RequestQueue): void {
  queue.requestTimeoutIntervalId ??= setInterval(
    () => {
      // Others may be sent in place of those.
      for (const request of queue.inflight.values()) if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest();
      if (!queue.isConnected()) queue.destroy();
      else if (queue.inflight.size === 0) rest(queue);
    },
    Math.min(queue.requestTimeout, LOOK_MS),
  );
}

function rest(queue: RequestQueue): void {
  clearInterval(queue.requestTimeoutIntervalId);
  queue.requestTimeoutIntervalId = undefined;
}
