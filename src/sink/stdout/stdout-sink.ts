import type { Sink } from '../../core/component.ts';
import type { StdoutSinkConfig } from './config.ts';
import { LineSink } from './line-sink.ts';
import { LiveView } from './live-view.ts';
import type { TextOutput } from './output-stream.ts';

const LINES_PER_WINDOW = 20;

export interface StdoutSinkDeps {
  readonly id: string;
  readonly output: TextOutput;
  /** For the status line of the live view; without it there is none. */
  readonly status?: () => string;
  /** Whether the output shows colours. */
  readonly colour?: boolean;
  /** Whether the output is a terminal that obeys no control sequences (TERM=dumb): it gets lines and no view. */
  readonly dumb?: boolean;
}

/** A sink that can say that nobody reads any more and, where it owns a terminal, print a line of others without disturbing its view. */
export type StdoutSink = Sink & { readonly gone: boolean; announce?(line: string): boolean };

/** A live view where lines for people go to a terminal; otherwise every line, as fast as the reader takes them. */
export function createStdoutSink(config: StdoutSinkConfig, deps: StdoutSinkDeps): StdoutSink {
  const { id, output, colour = false, dumb = false, status = () => '' } = deps;
  if (config.format !== 'line' || output.isTTY !== true || dumb) return new LineSink(id, output);
  return new LiveView({ id, output, colour, status, linesPerWindow: LINES_PER_WINDOW });
}
