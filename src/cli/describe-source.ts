import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { escapeText } from '../core/text.ts';
import { formatDuration, formatSize } from '../core/units.ts';
import { eventsInBuffer } from './host.ts';

/** One line of what a configuration amounts to. */
export type Row = readonly [label: string, text: string];

/** Where events would come from, and what would be known of those that get lost. */
export function sourceRows({ source }: Config): Row[] {
  switch (source.type) {
    case 'proc_connector':
      return [
        ['source', `proc_connector: ${kindsText(source)}`],
        ['buffer', bufferText(source)],
        ['losses', lossesText(source)],
      ];
    case 'replay':
      return [['source', `replay of ${escapeText(resolve(source.replay.path))}, ${paceText(source.replay)}: ${kindsText(source)}`]];
    case 'synthetic':
      return [['source', `synthetic, ${madeText(source.synthetic)}: ${kindsText(source)}`]];
  }
}

type Source = Config['source'];

function kindsText({ events, snapshot, threads }: Source): string {
  return `${events.join(' ').toLowerCase()}; ${snapshot ? 'with' : 'without'} a snapshot at the start${threads ? ', threads too' : ''}`;
}

function bufferText({ receiveBufferBytes }: Source): string {
  return `${formatSize(receiveBufferBytes)} in the kernel, room for ${eventsInBuffer(receiveBufferBytes).toLocaleString('en')} events`;
}

/** What is known of events that the kernel drops. */
function lossesText({ kernelFilter, fallback, scanIntervalMs }: Source): string {
  const counted = kernelFilter
    ? 'counted, without CPU and sequence: the kernel filters, and numbers what it leaves out too'
    : 'counted exactly, with CPU and sequence';
  const otherwise = fallback === 'none' ? 'an error' : `/proc is listed every ${formatDuration(scanIntervalMs)}`;
  return `${counted}; where the kernel cannot be heard: ${otherwise}`;
}

function paceText({ speed }: Source['replay']): string {
  if (speed === 0) return 'as fast as it goes';
  return speed === 1 ? 'at the recorded speed' : `at ${speed} times the recorded speed`;
}

function madeText({ seed, eventsPerSecond, events }: Source['synthetic']): string {
  const pace = eventsPerSecond === 0 ? 'as fast as they are taken' : `${eventsPerSecond.toLocaleString('en')} events a second`;
  return `seed ${seed}, ${pace}${events === 0 ? ', without end' : `, ${events.toLocaleString('en')} of them`}`;
}
