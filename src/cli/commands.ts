import { Option } from 'commander';
import type { DecodeOptions, RunOptions } from './actions.ts';
import { checkCommand } from './check.ts';
import type { CheckOptions } from './check.ts';
import { checkedDuration, examples, subcommand, withConfig } from './command-parts.ts';
import type { Parsed, Wiring } from './command-parts.ts';
import { configCommand } from './config.ts';
import type { ConfigOptions } from './config.ts';
import { NEWEST_OCSF, OCSF_VERSIONS } from '../core/record-formats.ts';
import { doctorCommand } from './doctor.ts';
import type { DoctorOptions } from './doctor.ts';

export function addRun({ program, io, actions, done }: Wiring): void {
  withConfig(subcommand(program, 'run', 'run the agent until it is stopped'))
    .option('--duration <time>', 'end by itself after this time, such as 10s or 1h30m', checkedDuration)
    .addHelpText(
      'after',
      examples([
        ['forkcast run', 'on the defaults: events in ./data/events and on the terminal'],
        ['forkcast run -c forkcast.yaml', 'on a configuration of your own'],
        ['forkcast run --duration 10s', 'for ten seconds'],
        ['forkcast run --set source.events=[exec,exit] --set sinks.disk.codec=deflate', 'with keys changed for this run'],
      ]),
    )
    .action(async (options: Parsed<RunOptions>) => done(await actions.run({ ...options, set: options.set ?? [] }, io)));
}

export function addCheck({ program, io, done }: Wiring): void {
  withConfig(subcommand(program, 'check', 'check a configuration and say what it would do'))
    .option('--connect', 'also reach every broker, topic and schema registry; exit code 69 where one cannot be used')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples([
        ['forkcast check -c forkcast.yaml', 'all errors at once, exit code 78 if there is one'],
        ['forkcast check -c forkcast.yaml --connect', 'whether the brokers would take its events'],
        ['forkcast check --set enrich.ancestors=0', 'the defaults with one key changed'],
        ['forkcast check -c forkcast.yaml --json', 'for a program'],
      ]),
    )
    .action(async (options: Parsed<CheckOptions>) => done(await checkCommand({ ...options, set: options.set ?? [] }, io)));
}

export function addConfig({ program, io, done }: Wiring): void {
  withConfig(subcommand(program, 'config', 'print the default or the effective configuration, or its JSON Schema'))
    .addOption(new Option('--defaults', 'the default configuration, with comments').conflicts(['schema', 'effective', 'config', 'json']))
    .addOption(new Option('--schema', 'a JSON Schema for editors').conflicts(['effective', 'config']))
    .addOption(new Option('--effective', 'the configuration as it would run, defaults included'))
    .option('--json', 'print JSON instead of YAML')
    .addHelpText(
      'after',
      examples([
        ['forkcast config --defaults > forkcast.yaml', 'a file to start from'],
        ['forkcast config --schema > forkcast.schema.json', 'completion and checks in an editor'],
        ['forkcast config --effective -c forkcast.yaml', 'what a file amounts to'],
      ]),
    )
    .action(async (options: Parsed<ConfigOptions>) => done(await configCommand({ ...options, set: options.set ?? [] }, io)));
}

export function addDoctor({ program, io, actions, done }: Wiring): void {
  withConfig(subcommand(program, 'doctor', 'say what this machine offers, what is missing and how to get it'))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples([
        ['forkcast doctor', 'exit code 0 if the agent can run here, 1 if not'],
        ['sudo -u forkcast forkcast doctor -c forkcast.yaml', 'as the user and with the configuration of the service'],
      ]),
    )
    .action(async (options: Parsed<DoctorOptions>) => done(await doctorCommand({ ...options, set: options.set ?? [] }, io, actions)));
}

export function addDecode({ program, io, actions, done }: Wiring): void {
  subcommand(program, 'decode', 'print the events of Avro files, recordings and spool segments, one a line')
    .argument('<files...>', 'files that forkcast has written; - for standard input')
    .addOption(
      new Option('--format <format>', 'how to print an event: by our schema, for people, or as a SIEM takes it')
        .choices(['json', 'line', 'ecs', 'ocsf'])
        .default('json'),
    )
    .option('--kind <kinds>', 'only these kinds, such as exec,exit', listed)
    .addOption(
      new Option('--stream <stream>', 'only events of processes, or only what the agent says about itself').choices(['process', 'agent']),
    )
    .addOption(
      new Option('--ocsf-version <version>', `with ocsf: the version of its schema (default: ${NEWEST_OCSF})`).choices([...OCSF_VERSIONS]),
    )
    .addOption(
      new Option('--framing <framing>', 'the input is values of messages, so framed, one after the other; with --stream').choices([
        'confluent',
        'raw',
      ]),
    )
    .option('--nulls', 'with json: print fields without a value too')
    .addHelpText(
      'after',
      examples([
        ['forkcast decode data/events/process-*.avro', 'every event of these files'],
        ['forkcast decode --format line --kind exec data/events/*.avro', 'the programs that were started, for reading'],
        ['forkcast decode --format ecs data/events/*.avro', 'by the Elastic Common Schema; or --format ocsf'],
        ['forkcast decode data/events/*.avro | jq \'select(.kind == "EXEC")\'', 'with jq'],
      ]),
    )
    .action(async (files: string[], options: DecodeOptions) => done(await actions.decode(files, options, io)));
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
