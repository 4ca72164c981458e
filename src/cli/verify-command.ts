import { AgentError } from '../core/errors.ts';
import type { VerifyOptions } from './actions.ts';
import { examples, subcommand, withConfig } from './command-parts.ts';
import type { Wiring } from './command-parts.ts';

type Option = readonly [key: keyof VerifyOptions, written: string];
const OF_SINKS: readonly Option[] = [
  ['sink', '--sink'],
  ['config', '-c'],
  ['set', '--set'],
];
const OF_KAFKA: readonly Option[] = [
  ['topic', '--topic'],
  ['agentTopic', '--agent-topic'],
];
const OF_JETSTREAM: readonly Option[] = [['stream', '--stream']];

export function addVerify({ program, io, actions, done }: Wiring): void {
  withConfig(subcommand(program, 'verify', 'prove that no event is missing, or say which'))
    .argument('[paths...]', 'event files of forkcast, or folders with such files in them or below')
    .option('--kafka [brokers]', 'instead of files, topics: host:port of brokers, with commas between, or those of the Kafka sink of -c')
    .option('--topic <topic>', 'with --kafka: the topic of process events (default: that of the sink)')
    .option('--agent-topic <topic>', 'with --kafka: the topic of what the agent says about itself (default: <topic>-agent)')
    .option(
      '--jetstream [servers]',
      'instead of files, a stream of NATS: nats://host:port, with commas between, or those of the NATS sink of -c',
    )
    .option('--stream <name>', 'with --jetstream: the stream (default: that of the sink)')
    .option('--sink <name>', 'with --kafka and --jetstream: the sink, where the configuration has several')
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
        ['forkcast verify --jetstream -c forkcast.yaml', 'the stream of the NATS sink, up to where it ends now'],
        ['forkcast verify --jetstream nats://localhost:4222 --stream FORKCAST', 'without a configuration'],
      ]),
    )
    .action(async (paths: string[], options: VerifyOptions) => {
      checkUsage(paths, options);
      done(await actions.verify(paths, options, io));
    });
}

function checkUsage(paths: readonly string[], options: VerifyOptions): void {
  const { kafka, jetstream } = options;
  if (kafka !== undefined && jetstream !== undefined) throw together('--kafka and --jetstream');
  const target = kafka !== undefined ? '--kafka' : jetstream !== undefined ? '--jetstream' : undefined;
  if (target !== undefined && paths.length > 0) throw together(`files and ${target}`, `: ${paths.join(' ')}`);
  if (target === undefined) refuse(OF_SINKS, options, '--kafka or --jetstream');
  if (kafka === undefined) refuse(OF_KAFKA, options, '--kafka');
  if (jetstream === undefined) refuse(OF_JETSTREAM, options, '--jetstream');
  if (target === undefined && paths.length === 0)
    throw new AgentError('USAGE', 'neither files nor --kafka nor --jetstream', { fix: 'Name event files, or the folder they are in.' });
}

function together(what: string, which = ''): AgentError {
  return new AgentError('USAGE', `${what} do not go together${which}`, { fix: 'Verify them one after the other.' });
}

function refuse(others: readonly Option[], options: VerifyOptions, wanted: string): void {
  for (const [key, written] of others)
    if (options[key] !== undefined)
      throw new AgentError('USAGE', `${written} is for ${wanted} only`, { fix: `Add ${wanted}, or remove ${written}.` });
}
