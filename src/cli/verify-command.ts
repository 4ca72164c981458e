import type { VerifyOptions } from './actions.ts';
import { examples, subcommand } from './command-parts.ts';
import type { Wiring } from './command-parts.ts';

export function addVerify({ program, io, actions, done }: Wiring): void {
  subcommand(program, 'verify', 'prove that no event is missing, or say which')
    .argument('<paths...>', 'event files of forkcast, or folders with such files in them or below')
    .option('--expect <file>', 'file with the ids of hosts that must be there, one a line')
    .option('--allow-blind', 'accept what nobody can prove: the time between two runs, the end of a run that was killed')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples([
        ['forkcast verify data/events', 'each run in these files: expected, present, unaccounted'],
        ['forkcast verify --allow-blind data/events', 'of an agent that was restarted'],
        ['forkcast verify --expect hosts.txt /srv/collected', 'the files of a fleet; exit code 1 if anything is missing'],
        ['forkcast verify --json data/events | jq .unaccounted', 'for a program'],
      ]),
    )
    .action(async (paths: string[], options: VerifyOptions) => done(await actions.verify(paths, options, io)));
}
