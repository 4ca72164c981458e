import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { parseOverride } from '../config/override.ts';
import { AgentError } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import type { Actions, DecodeOptions, RunOptions } from './actions.ts';
import { checkCommand } from './check.ts';
import type { CheckOptions } from './check.ts';
import { configCommand } from './config.ts';
import type { ConfigOptions } from './config.ts';
import { doctorCommand } from './doctor.ts';
import type { DoctorOptions } from './doctor.ts';
import type { CliIo } from './io.ts';

/** Options as commander gives them: what is not on the command line is absent. */
type Parsed<T extends { readonly set: readonly string[] }> = Omit<T, 'set'> & { readonly set?: readonly string[] };

/** What a command needs besides its options. */
export interface Wiring {
  readonly program: Command;
  readonly io: CliIo;
  readonly actions: Actions;
  readonly done: (exitCode: number) => void;
}

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
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples([
        ['forkcast check -c forkcast.yaml', 'all errors at once, exit code 78 if there is one'],
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
  subcommand(program, 'decode', 'print the events of Avro files, one a line')
    .argument('<files...>', 'files that forkcast has written; - for standard input')
    .addOption(
      new Option('--format <format>', 'how to print an event: for programs or for people').choices(['json', 'line']).default('json'),
    )
    .option('--kind <kinds>', 'only these kinds, such as exec,exit', listed)
    .addOption(
      new Option('--stream <stream>', 'only events of processes, or only what the agent says about itself').choices(['process', 'agent']),
    )
    .option('--nulls', 'with json: print fields without a value too')
    .addHelpText(
      'after',
      examples([
        ['forkcast decode data/events/process-*.avro', 'every event of these files'],
        ['forkcast decode --format line --kind exec data/events/*.avro', 'the programs that were started, for reading'],
        ['forkcast decode data/events/*.avro | jq \'select(.kind == "EXEC")\'', 'with jq'],
      ]),
    )
    .action(async (files: string[], options: DecodeOptions) => done(await actions.decode(files, options, io)));
}

/** `program.command` lets the new command inherit the program's settings; the hint names the command itself. */
function subcommand(program: Command, name: string, summary: string): Command {
  const description = `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`;
  return program.command(name).summary(summary).description(description).showHelpAfterError(`forkcast ${name} --help shows how it is used`);
}

function withConfig(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration, YAML or JSON (default: the built-in one)')
    .option('--set <path=value>', 'change one key, such as source.receive_buffer=16MiB; repeatable', collectOverrides);
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Refused here already, so that it is an error of the command line and not of the configuration. */
function collectOverrides(argument: string, before: readonly string[] | undefined): readonly string[] {
  parseOverride(argument);
  return [...(before ?? []), argument];
}

function checkedDuration(text: string): string {
  try {
    if (parseDuration(text) > 0) return text;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    throw new InvalidArgumentError(`It ${error.message}: ${error.fix}.`);
  }
  throw new InvalidArgumentError('It must be longer than 0s.');
}

export function examples(lines: readonly (readonly [command: string, meaning: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}`).join('\n')}\n`;
}
