import { Command, CommanderError } from 'commander';
import { escapeText } from '../core/text.ts';
import type { Actions } from './actions.ts';
import { examples } from './command-parts.ts';
import { addCheck, addConfig, addDecode, addDoctor, addRun } from './commands.ts';
import { addDlq } from './dlq-commands.ts';
import { usesColour } from './io.ts';
import type { CliIo, CliOutput } from './io.ts';
import { isBrokenPipe, print } from './print.ts';
import { addRecord, addReplay } from './recording-commands.ts';
import { reportError } from './report-error.ts';
import { addSchema } from './schema-commands.ts';
import { addSpool } from './spool-commands.ts';
import { addVerify } from './verify-command.ts';
import { packageVersion } from './version.ts';

/** Exit code of a command line that makes no sense (EX_USAGE of sysexits.h). */
const EX_USAGE = 64;
/** Width of help where the output is no terminal. */
const HELP_WIDTH = 100;

/** What becomes of a command line. */
interface Outcome {
  exitCode: number;
  /** What commander itself has to say: help, version, errors of usage. It writes without waiting, so it is written when it is done. */
  readonly messages: { readonly output: CliOutput; readonly text: string }[];
}

/**
 * Runs one command line (without node and script); resolves to the exit code and never ends the process.
 * Errors are reported on stderr, so a rejection is a bug.
 */
export async function runCli(argv: readonly string[], io: CliIo, actions: Actions): Promise<number> {
  const outcome: Outcome = { exitCode: 0, messages: [] };
  try {
    await parse(createProgram(io, actions, outcome), argv, outcome);
    for (const { output, text } of outcome.messages) await print(output, text);
    return outcome.exitCode;
  } catch (error) {
    // The reader of a command's output has gone: no error of anyone.
    if (isBrokenPipe(error)) return outcome.exitCode;
    return reportError(error, io);
  }
}

async function parse(program: Command, argv: readonly string[], outcome: Outcome): Promise<void> {
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(withoutHelpCommand(argv, program), { from: 'user' });
  } catch (error) {
    // Help and version end this way too, with code 0.
    if (!(error instanceof CommanderError)) throw error;
    outcome.exitCode = error.exitCode === 0 ? 0 : EX_USAGE;
  }
}

/** `help check` as `check --help`: then an unknown command is reported like any other. */
function withoutHelpCommand(argv: readonly string[], { commands }: Command): string[] {
  const [first, command] = argv;
  if (first !== 'help' || command === undefined) return [...argv];
  return commands.some((known) => known.name() === command) ? [command, '--help'] : [command];
}

/** The commands; `outcome` takes the exit code of the one that runs. */
function createProgram(io: CliIo, actions: Actions, outcome: Outcome): Command {
  const program = configured(new Command('forkcast'), io, outcome)
    .description('Hears every process event of this machine from the kernel and delivers it; nothing is lost silently.')
    .version(`forkcast ${packageVersion()}`, '-V, --version', 'print the version')
    .addHelpText(
      'after',
      examples([
        ['forkcast run', 'the agent on its defaults: events in ./data/events and on the terminal'],
        ['forkcast doctor', 'what this machine offers, and what is missing'],
        ['forkcast config --defaults > forkcast.yaml', 'a commented configuration to start from'],
        ['forkcast check -c forkcast.yaml', 'all that is wrong with it, or what it would do'],
      ]),
    );
  const done = (exitCode: number): void => {
    outcome.exitCode = exitCode;
  };
  const wiring = { program, io, actions, done };
  const first = [addRun, addCheck, addConfig, addDoctor, addDecode, addVerify, addRecord, addReplay];
  for (const add of [...first, addDlq, addSpool, addSchema]) add(wiring);
  return program;
}

/** Subcommands inherit all of this. */
function configured(program: Command, io: CliIo, { messages }: Outcome): Command {
  return program
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showHelpAfterError('forkcast --help shows what there is')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void messages.push({ output: io.stdout, text }),
      writeErr: (text) => void messages.push({ output: io.stderr, text }),
      getOutHasColors: () => usesColour(io.stdout, io.env),
      getErrHasColors: () => usesColour(io.stderr, io.env),
      getOutHelpWidth: () => io.stdout.columns ?? HELP_WIDTH,
      getErrHelpWidth: () => io.stderr.columns ?? HELP_WIDTH,
      // The message quotes the command line, which may hold anything.
      outputError: (text, write) =>
        write(
          text
            .split('\n')
            .map((line) => escapeText(line))
            .join('\n'),
        ),
    });
}
