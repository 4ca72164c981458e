import { describe, expect, it } from 'vitest';
import { BpfRing } from '../../../../src/ingest/capture/bpf/bpf-ring.ts';
import { RecordMatcher } from '../../../../src/ingest/capture/bpf/matcher.ts';
import { KernelCapture } from '../../../../src/ingest/capture/kernel-capture.ts';
import { maxRecordBytes, readCapture } from '../../../../src/ingest/capture/record.ts';
import { AUX_HEADER_BYTES, Aux, SLOTS_AT, SLOT_BYTES, setAuxHeader, setHeader } from '../../../../src/ingest/proc-connector/frame.ts';
import { frameFault } from '../../../../src/ingest/recording/frame-fault.ts';
import { Redactor } from '../../../../src/ingest/recording/redact.ts';
import { execRecord, longExecRecords } from '../../../helpers/bpf-records.ts';
import { FakeBpfRing } from '../../../helpers/fake-bpf.ts';

const AUX_AT = SLOTS_AT + SLOT_BYTES;
const RECORD_AT = AUX_AT + AUX_HEADER_BYTES;

const RECORD = execRecord({ tgid: 7, stampNs: 100, filename: './tool', args: Buffer.from('tool\0--password=secret\0'), exe: '/opt/tool' });

/** A frame of one EXEC with a capture of the kernel's; the frame's length is that of `bytes`. */
function frame(records = [RECORD]) {
  const kernel = new FakeBpfRing(1 << 14);
  for (const record of records) kernel.put(record);
  const ring = new BpfRing(kernel);
  const matcher = new RecordMatcher(ring, 8);
  ring.look();
  matcher.note();
  const memory = new ArrayBuffer(RECORD_AT + maxRecordBytes(1024));
  const view = { bytes: Buffer.from(memory), words: new Uint32Array(memory), floats: new Float64Array(memory) };
  const capture = new KernelCapture(view, { maxArgsBytes: 1024, root: '/nowhere' });
  const length = capture.write(RECORD_AT, matcher.takeExec(7, 200)!, { stampNs: 101, cgroup: Buffer.from('0::/a\n') });
  setAuxHeader(view, AUX_AT, { type: Aux.CAPTURE, slot: 0, bytes: AUX_HEADER_BYTES + length, detail: 0 });
  setHeader(view, 0, { slots: 1, aux: 1, auxAt: AUX_AT, offsets: { wallUs: 0, bootNs: 0 }, receivedNs: 200 });
  return { view, length: RECORD_AT + length };
}

describe('a recorded capture of the kernel', () => {
  it('keeps what the kernel knew when its arguments are masked', () => {
    const { view, length } = frame();
    const copy = new Redactor().copy(view.bytes.subarray(0, length));
    const bytes = Buffer.from(Uint8Array.from(copy).buffer);
    const read = readCapture(bytes, new Uint32Array(bytes.buffer), RECORD_AT);
    const before = readCapture(view.bytes, view.words, RECORD_AT);
    expect(copy.toString('latin1')).not.toContain('secret');
    expect(read.kernel).toEqual(before.kernel);
    expect(Buffer.from(read.exe as Uint8Array).toString()).toBe('/opt/tool');
  });

  it('says where its masked arguments were cut', () => {
    const args = Buffer.from(`tool\0${Array.from({ length: 40 }, (_, i) => `--secret-${i}\0`).join('')}`);
    const { view, length } = frame(longExecRecords({ tgid: 7, stampNs: 100, args, headBytes: 100, tailBytes: 50 }));
    const copy = new Redactor().copy(view.bytes.subarray(0, length));
    const bytes = Buffer.from(Uint8Array.from(copy).buffer);
    const before = readCapture(view.bytes, view.words, RECORD_AT);
    const { cmdline, kernel } = readCapture(bytes, new Uint32Array(bytes.buffer), RECORD_AT);
    const argumentsTo = (line: unknown, end: number): number => (line as Buffer).subarray(0, end).filter((byte) => byte === 0).length;
    expect(before.kernel?.cutAt).toBeGreaterThan(0);
    expect(argumentsTo(cmdline, kernel!.cutAt)).toBe(argumentsTo(before.cmdline, before.kernel!.cutAt));
    expect((cmdline as Buffer)[kernel!.cutAt - 1]).toBe(0);
  });

  it('is sound as it was written, and not when it claims more than there is', () => {
    const { view, length } = frame();
    expect(frameFault(view, 0, length)).toBeUndefined();
    const shorter = new Uint8Array(view.bytes.subarray(0, length));
    const words = new Uint32Array(shorter.buffer);
    const facts = shorter.findIndex((_, i) => i % 8 === 0 && i >= RECORD_AT + 44 && words[i / 4] === 2 && words[i / 4 + 1] === 7);
    expect(facts).toBeGreaterThan(0);
    new DataView(shorter.buffer).setUint16(facts + 168, 0xffff, true);
    const torn = { bytes: Buffer.from(shorter.buffer), words, floats: new Float64Array(shorter.buffer) };
    expect(frameFault(torn, 0, length)).toContain('not of its form');
  });
});
