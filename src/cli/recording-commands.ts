import { InvalidArgumentError } from 'commander';
import type { RecordOptions, RunOptions } from './actions.ts';
import { checkedDuration, examples, subcommand, withConfig } from './command-parts.ts';
import type { Parsed, Wiring } from './command-parts.ts';

const WHAT_IS_RECORDED = `
A recording holds what the kernel said and what /proc showed of each process: names, executables,
folders, users, cgroups. Of command lines it holds the first word; every further argument is
replaced by *** before anything is written, because that is where passwords are. --unredacted keeps
them: such a file is as secret as what runs on this machine. Either is readable by its owner only,
and a file that is there already is never replaced.
`;

const WHAT_IS_REPLAYED = `
The host, the times, the names of users and the agent's id are the recorded ones, files are rotated
by recorded time, and nothing is dropped: the same recording and the same configuration give the
same files, byte for byte, at any speed (with the same forkcast and the same Node.js).
`;

export function addRecord({ program, io, actions, done }: Wiring): void {
  withConfig(subcommand(program, 'record', 'write what the kernel says into a file, to replay it later'))
    .argument('<file>', 'the recording, such as today.fcrec')
    .option('--duration <time>', 'end by itself after this time, such as 10s or 1h30m', checkedDuration)
    .option('--unredacted', 'keep the arguments of command lines')
    .addHelpText(
      'after',
      WHAT_IS_RECORDED +
        examples([
          ['forkcast record today.fcrec', 'until Ctrl-C'],
          ['forkcast record --duration 10s --unredacted test.fcrec', 'for ten seconds, with all arguments'],
          ['forkcast decode today.fcrec', 'what is in it, as JSON'],
        ]),
    )
    .action(async (file: string, options: Parsed<RecordOptions>) =>
      done(await actions.record(file, { ...options, set: options.set ?? [] }, io)),
    );
}

interface ReplayOptions extends RunOptions {
  /** As `source.replay.speed`. */
  readonly speed?: number;
}

/** `run` on a recording. */
export function addReplay({ program, io, actions, done }: Wiring): void {
  withConfig(subcommand(program, 'replay', 'run the agent on a recording instead of this machine'))
    .argument('<file>', 'a recording')
    .option('--speed <times>', 'how many times as fast as recorded, or max (default: as recorded)', checkedSpeed)
    .addHelpText(
      'after',
      WHAT_IS_REPLAYED +
        examples([
          ['forkcast replay today.fcrec', 'at the recorded speed, into the default sinks'],
          ['forkcast replay --speed max -c forkcast.yaml today.fcrec', 'as fast as the sinks of a file take it'],
          ['forkcast replay --set agent.data_dir=/tmp/x today.fcrec', 'event files apart from those of this machine'],
        ]),
    )
    .action(async (file: string, { speed, set = [], ...options }: Parsed<ReplayOptions>) => {
      // The path is quoted: what it looks like in YAML is no matter of who types it here.
      const replay = ['source.type=replay', `source.replay.path=${JSON.stringify(file)}`];
      if (speed !== undefined) replay.push(`source.replay.speed=${speed}`);
      done(await actions.run({ ...options, set: [...set, ...replay] }, io));
    });
}

function checkedSpeed(text: string): number {
  if (text === 'max') return 0;
  if (/^[1-9]\d{0,6}$/.test(text) && Number(text) <= 1_000_000) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 to 1000000, or max.');
}
