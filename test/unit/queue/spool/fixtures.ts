import type { SegmentHeader } from '../../../../src/queue/spool/segment-header.ts';
import { uuidBytes } from '../../../../src/core/uuid.ts';

export const AGENT_ID = uuidBytes('0189f7a0-1111-7222-8333-444455556666');
export const SINK_ID = uuidBytes('5b1c2d3e-aaaa-4bbb-8ccc-ddddeeeeffff');
export const FORMAT = 'avro process=0123456789abcdef agent=fedcba9876543210';
export const ORIGIN = { agentId: AGENT_ID, format: FORMAT };

export const HEADER: SegmentHeader = { number: 7, createdUs: 1_700_000_000_123_456, sinkId: SINK_ID, agentId: AGENT_ID, format: FORMAT };
