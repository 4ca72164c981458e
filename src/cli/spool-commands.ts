import { examples, subcommand } from './command-parts.ts';
import type { Wiring } from './command-parts.ts';
import type { SpoolCommandOptions } from './spool.ts';

const WHAT_IT_IS = `
A sink with a disk queue has a spool: a folder <data_dir>/state/spool/<sink> of segments, in which
every event waits until it is delivered. DIR is such a folder, or one with several of them in it.
`;

/** `spool` and its own commands. */
export function addSpool(wiring: Wiring): void {
  const spool = subcommand(wiring.program, 'spool', 'look into the queues on disk, and repair them').addHelpText(
    'after',
    WHAT_IT_IS +
      examples([
        ['forkcast spool inspect data/state/spool', 'what waits for each sink, checked to the last byte'],
        ['forkcast spool repair data/state/spool/siem', 'after a disk was damaged; the agent must not run'],
      ]),
  );
  for (const [action, summary] of ACTIONS) {
    subcommand(spool, action, summary)
      .argument('<dirs...>', 'a spool, or a folder with spools in it')
      .option('--json', 'print JSON')
      .addHelpText('after', EXAMPLES[action])
      .action(async (dirs: string[], options: Omit<SpoolCommandOptions, 'action'>) => {
        const { spoolCommand } = await import('./spool.ts');
        wiring.done(await spoolCommand(dirs, { ...options, action }, wiring.io));
      });
  }
}

const ACTIONS = [
  ['inspect', 'say what is in a spool; changes nothing, and may run beside the agent'],
  ['repair', 'cut off torn ends and put damaged files aside; the agent must not run'],
] as const;

const EXAMPLES: Readonly<Record<SpoolCommandOptions['action'], string>> = {
  inspect: examples([
    ['forkcast spool inspect data/state/spool', 'exit code 1 if anything is damaged'],
    ['forkcast spool inspect --json data/state/spool | jq ".spools[].segments"', 'for a program'],
    ['forkcast decode data/state/spool/siem/*.seg', 'the events themselves'],
  ]),
  repair: examples([['forkcast spool repair data/state/spool/siem', 'what is damaged stays in siem/quarantine as it was']]),
};
