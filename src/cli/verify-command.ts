import { AgentError } from '../core/errors.ts';
import type { VerifyOptions } from './actions.ts';
import { examples, subcommand, withConfig } from './command-parts.ts';
import type { Wiring } from './command-parts.ts';

const OF_KAFKA = { topic: '--topic', agentTopic: '--agent-topic', sink: '--sink', config: '-c', set: '--set' } as const;

export function addVerify({ program, io, actions, done }: Wiring): void {
  withConfig(subcommand(program, 'verify', 'prove that no event is missing, or say which'))
    .argument('[paths...]', 'event files of forkcast, or folders with such files in them or below')
    .option('--kafka [brokers]', 'instead of files, topics: host:port of brokers, with commas between, or those of the Kafka sink of -c')
    .option('--sink <name>', 'with --kafka: the sink, where the configuration has several')
    .option('--topic <topic>', 'with --kafka: the topic of process events (default: that of the sink)')
    .option('--agent-topic <topic>', 'with --kafka: the topic of what the agent says about itself (default: <topic>-agent)')
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
        ['forkcast verify --kafka -c forkcast.yaml', 'the topics of the Kafka sink, up to where they end now'],
        ['forkcast verify --kafka localhost:9092 --topic process-events', 'without a configuration'],
      ]),
    )
    .action(async (paths: string[], options: VerifyOptions) => {
      checkUsage(paths, options);
      done(await actions.verify(paths, options, io));
    });
}

function checkUsage(paths: readonly string[], options: VerifyOptions): void {
  if (options.kafka !== undefined) {
    if (paths.length > 0)
      throw new AgentError('USAGE', `files and --kafka do not go together: ${paths.join(' ')}`, {
        fix: 'Verify them one after the other.',
      });
    return;
  }
  for (const [key, option] of Object.entries(OF_KAFKA))
    if (options[key as keyof typeof OF_KAFKA] !== undefined)
      throw new AgentError('USAGE', `${option} is for --kafka only`, { fix: `Add --kafka, or remove ${option}.` });
  if (paths.length === 0)
    throw new AgentError('USAGE', 'neither files nor --kafka', { fix: 'Name event files, or the folder they are in.' });
}
