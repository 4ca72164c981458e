import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { parseOverride } from '../config/override.ts';
import { AgentError } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import type { Actions } from './actions.ts';
import type { CliIo } from './io.ts';

/** Options as commander gives them: what is not on the command line is absent. */
export type Parsed<T extends { readonly set: readonly string[] }> = Omit<T, 'set'> & { readonly set?: readonly string[] };

/** What a command needs besides its options. */
export interface Wiring {
  readonly program: Command;
  readonly io: CliIo;
  readonly actions: Actions;
  readonly done: (exitCode: number) => void;
}

/** `program.command` lets the new command inherit the program's settings; the hint names the command itself. */
export function subcommand(program: Command, name: string, summary: string): Command {
  const description = `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`;
  const path = program.parent === null ? name : `${program.name()} ${name}`;
  return program.command(name).summary(summary).description(description).showHelpAfterError(`forkcast ${path} --help shows how it is used`);
}

export function withConfig(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration, YAML or JSON (default: the built-in one)')
    .option('--set <path=value>', 'change one key, such as source.receive_buffer=16MiB; repeatable', collectOverrides);
}

/** Refused here already, so that it is an error of the command line and not of the configuration. */
function collectOverrides(argument: string, before: readonly string[] | undefined): readonly string[] {
  parseOverride(argument);
  return [...(before ?? []), argument];
}

export function checkedDuration(text: string): string {
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
