/** The library entry: process events of this machine as they happen, the public contract of the stream, and how to read it. */
export { AgentError } from './core/errors.ts';
export type { ErrorCode } from './core/errors.ts';
export type { AgentEvent, AgentGap } from './core/agent-event.ts';
export type { AnyEvent } from './core/any-event.ts';
export type { ProcessEvent, RecordStream } from './core/event.ts';
export type { EventSource, EventSourceDeps, SourceState } from './core/event-source.ts';
export type { Heard } from './core/kernel-event.ts';
export { decode } from './encode/decode.ts';
export type { Decoded } from './encode/avro/decoded.ts';
export { publishedSchema } from './encode/avro/schemas.ts';
export type { PublishedSchema } from './encode/avro/schemas.ts';
export type { EventStream } from './monitor/event-stream.ts';
export type { ProcessRef } from './monitor/gone.ts';
export type { Lease, MonitorState } from './monitor/lifecycle.ts';
export type { MonitorOptions } from './monitor/options.ts';
export { ProcessMonitor } from './monitor/process-monitor.ts';
export type {
  CommRecord,
  CoredumpRecord,
  ExecRecord,
  ExitRecord,
  ForkRecord,
  GapRecord,
  GidRecord,
  MonitorKind,
  ProcessRecord,
  PtraceRecord,
  RecordOf,
  SidRecord,
  SnapshotRecord,
  UidRecord,
} from './monitor/records.ts';
export type { MonitorSignal, MonitorSignals } from './monitor/signals.ts';
export { syntheticSource } from './monitor/synthetic-source.ts';
export type { SyntheticOptions } from './monitor/synthetic-source.ts';
export type { EventsOptions, SubscribeOptions, Subscription } from './monitor/subscribing.ts';
export type { MonitorCounters } from './monitor/tally.ts';
