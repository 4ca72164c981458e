import type { Command } from 'commander';
import { examples, subcommand, withConfig } from './command-parts.ts';
import type { Parsed, Wiring } from './command-parts.ts';
import type { DlqOptions } from './dlq.ts';

const WHAT_IT_IS = `
A dead letter is an event that a sink will never take: too large for it, or not what it expects. It is
kept in agent.data_dir with the reason, and everything around it is delivered.
`;

/** `dlq` and its own commands. */
export function addDlq(wiring: Wiring): void {
  const dlq = subcommand(wiring.program, 'dlq', 'events that a sink would not take: list, show, send again').addHelpText(
    'after',
    WHAT_IT_IS,
  );
  dlq.addHelpText(
    'after',
    examples([
      ['forkcast dlq list', 'how many, of which sinks, and why'],
      ['forkcast dlq show --sink siem', 'each with its reason and its event'],
      ['forkcast dlq replay -c forkcast.yaml', 'send them again, after what was wrong is mended'],
    ]),
  );
  addAction(dlq, wiring, { action: 'list', summary: 'count dead letters by sink and reason' }).addHelpText(
    'after',
    examples([
      ['forkcast dlq list', 'those of the agent on its defaults, in ./data'],
      ['forkcast dlq list -c forkcast.yaml --json', 'those of an agent with a configuration, for a program'],
    ]),
  );
  addAction(dlq, wiring, { action: 'show', summary: 'print dead letters with their reasons and events' })
    .argument('[ids...]', 'only these, as <agent id>:<sequence>')
    .addHelpText(
      'after',
      examples([
        ['forkcast dlq show --sink siem --code record_rejected', 'those of one sink, for one reason'],
        ['forkcast dlq show --json | jq .event', 'the events alone'],
      ]),
    );
  addAction(dlq, wiring, { action: 'replay', summary: 'send dead letters into the sinks they come from; the agent must not run' })
    .argument('[ids...]', 'only these, as <agent id>:<sequence>')
    .addHelpText(
      'after',
      examples([
        ['forkcast dlq replay -c forkcast.yaml', 'all of them; what is delivered is removed'],
        ['forkcast dlq replay -c forkcast.yaml --sink siem', 'those of one sink'],
      ]),
    );
}

type Written = Parsed<Omit<DlqOptions, 'action' | 'ids'>>;

function addAction(dlq: Command, { io, actions, done }: Wiring, of: { action: DlqOptions['action']; summary: string }): Command {
  return withConfig(subcommand(dlq, of.action, of.summary))
    .option('--sink <name>', 'only those of this sink')
    .option('--code <code>', 'only those with this error, such as RECORD_REJECTED')
    .option('--json', 'print JSON')
    .action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const { set = [], ...options } = command.opts<Written>();
      done(await actions.dlq({ ...options, set, action: of.action, ids: command.args }, io));
    });
}
