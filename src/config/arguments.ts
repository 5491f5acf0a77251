/** Splits the command line into a command and flags. What their values mean is decided later. */
import { ALL_OPTIONS } from './command-options.ts';
import { nearestTo } from './nearest.ts';
import { ConfigError, mayHoldSecret } from './resolve.ts';

export const COMMANDS = {
  run: 'Runs the operator and the SCIM server in one process (the default).',
  operator: 'Runs only the operator; requires PostgreSQL.',
  server: 'Runs only the SCIM server, as one of any number; requires PostgreSQL.',
  migrate: 'Creates or upgrades the database, then exits.',
  backup: 'Writes a consistent copy of the directory, which may be in use, to a file.',
  restore: 'Fills an empty directory from the file of a backup.',
  copy: 'Copies a directory to an empty one in another database, and compares them.',
  activity: 'Prints the log of who changed what in a tenant.',
  requests: 'Shows the last requests of an integration, with secrets masked.',
  crds: 'Prints the custom resource definitions as YAML.',
  probe: "Replays an identity provider's requests against an endpoint, reports, and cleans up.",
} as const;
export type Command = keyof typeof COMMANDS;

interface ParsedArguments {
  readonly command: Command;
  readonly flags: ReadonlyMap<string, string>;
  readonly help: boolean;
  readonly version: boolean;
}

/** Throws ConfigError for an unknown flag or command. */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const flags = new Map<string, string>();
  const words: string[] = [];
  let help = false;
  let version = false;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? '';
    if (argument === '--help' || argument === '-h') {
      help = true;
    } else if (argument === '--version') {
      version = true;
    } else if (argument.startsWith('--')) {
      const [name, inline] = splitFlag(argument);
      const value = inline ?? (isToggle(name) ? onAlone(name, args[index + 1]) : args[++index]);
      if (value === undefined) throw new ConfigError(`--${name} requires a value; see --help`);
      flags.set(name, value);
    } else {
      words.push(argument);
    }
  }
  return { command: commandOf(words), flags, help, version };
}

function isToggle(name: string): boolean {
  return ALL_OPTIONS.some(({ flag, toggle }) => flag === name && toggle === true);
}

/** A toggle takes no word after it as its value, so that a command can follow. */
function onAlone(name: string, next: string | undefined): 'true' {
  if (next === undefined || next.startsWith('-') || Object.hasOwn(COMMANDS, next)) return 'true';
  const value = next === 'true' ? 'true' : 'false';
  throw new ConfigError(
    `unexpected argument${quoted(next)} after --${name}; write its value after an equals sign, ` +
      `such as --${name}=${value}`,
  );
}

function splitFlag(argument: string): [name: string, inline: string | undefined] {
  const equals = argument.indexOf('=');
  const name = argument.slice(2, equals < 0 ? undefined : equals);
  const flags = ALL_OPTIONS.map(({ flag }) => flag);
  if (!flags.includes(name)) {
    const isShown = /^[\w-]{1,40}$/.test(name);
    const known = isShown ? ` --${name}; the nearest is --${nearestTo(name, flags)}` : '';
    throw new ConfigError(`unknown option${known}; see --help`);
  }
  return [name, equals < 0 ? undefined : argument.slice(equals + 1)];
}

function commandOf(words: readonly string[]): Command {
  const [word = 'run', extra] = words;
  if (extra !== undefined) {
    throw new ConfigError(`unexpected argument${quoted(extra)}; see --help`);
  }
  if (!Object.hasOwn(COMMANDS, word)) {
    throw new ConfigError(
      `unknown command${quoted(word)}; it must be one of ${Object.keys(COMMANDS).join(', ')}`,
    );
  }
  return word as Command;
}

const quoted = (word: string): string => (mayHoldSecret(word) ? '' : ` "${word}"`);
