import type { UpstreamLedger } from '../../src/core/agent-event.ts';

/** Of an agent that has heard nothing. */
export const NO_UPSTREAM: UpstreamLedger = {
  heard: 0,
  lost: 0,
  own_acks: 0,
  deselected: 0,
  thread_events: 0,
  throttled: 0,
  filtered: 0,
  originated: 0,
  sequenced: 0,
};
