#!/usr/bin/env node
/**
 * The command line. It reads the options, runs a command, and turns a failure into one line and an
 * exit code.
 */
import { showActivity } from './commands/activity.ts';
import { backUp } from './commands/backup.ts';
import { copy } from './commands/copy.ts';
import { FatalError, LeadLostError } from './commands/errors.ts';
import { migrateDatabase } from './commands/migrate.ts';
import { runProbe } from './commands/probe.ts';
import { showRequests } from './commands/requests.ts';
import { restore } from './commands/restore.ts';
import { type Invocation, ignoredVariables, readInvocation } from './config/invocation.ts';
import { ConfigError } from './config/resolve.ts';
import { printCrds } from './crd/manifest.ts';
import { createLogger, type Logger } from './logger.ts';

const PLANES = {
  run: { server: true, operator: true },
  server: { server: true, operator: false },
  operator: { server: false, operator: true },
};

/**
 * Exit codes: 2 for invalid options, 1 for a problem that a person must fix, 3 when `operator` lost
 * the lead, and 70 after a defect. After 3 and 70, restarting the program helps.
 */
async function main(args: readonly string[]): Promise<number> {
  let invocation: Invocation;
  try {
    invocation = readInvocation(args);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    printIgnoredVariables();
    process.stderr.write(`scim-operator: ${error.message}\n`);
    return 2;
  }
  if (invocation.kind === 'help' || invocation.kind === 'version') {
    process.stdout.write(invocation.text);
    return 0;
  }
  if (invocation.kind === 'probe') {
    printIgnoredVariables();
    return runProbe(invocation.config, process, stopSignal());
  }
  const log = loggerOf(invocation);
  // Only YAML may be on the standard output of crds, which needs no option.
  if (invocation.kind !== 'command' || invocation.command !== 'crds') logIgnoredVariables(log);
  logWarnings(log);
  try {
    await perform(invocation, log);
    return 0;
  } catch (error) {
    if (error instanceof LeadLostError) return 3;
    if (error instanceof ConfigError) {
      process.stderr.write(`scim-operator: ${error.message}\n`);
      return 2;
    }
    if (!(error instanceof FatalError)) throw error;
    process.stderr.write(`scim-operator: ${error.message}\n`);
    return 1;
  }
}

type Command = Exclude<Invocation, { kind: 'help' | 'version' | 'probe' }>;

/** A backup on standard output, or a list, leaves only stderr for the log. */
function loggerOf({ kind, config }: Command): Logger {
  return kind === 'activity' || kind === 'requests' || (kind === 'backup' && config.to === '-')
    ? createLogger(config.logLevel, process.stderr)
    : createLogger(config.logLevel);
}

async function perform(invocation: Command, log: Logger): Promise<unknown> {
  switch (invocation.kind) {
    case 'backup':
      return backUp(invocation.config, process.stdout, log, stopSignal());
    case 'restore':
      return restore(invocation.config, process.stdin, log, stopSignal());
    case 'activity':
      // A closed output is an error of the write as well, which ends the command.
      process.stdout.on('error', () => undefined);
      return showActivity(invocation.config, process.stdout);
    case 'requests':
      return showRequests(invocation.config, process.stdout);
    case 'copy':
      return copy(invocation.config, log, stopSignal());
    case 'command': {
      const { command, config } = invocation;
      if (command === 'crds') return process.stdout.write(printCrds());
      if (command === 'migrate') return migrateDatabase(config, log);
      // Loaded only here: its pages are JSX, which Node.js does not run without a loader or a build.
      const { run } = await import('./commands/run.ts');
      return run(PLANES[command], config, log, stopSignal());
    }
  }
}

function logIgnoredVariables(log: Logger): void {
  for (const ignored of ignoredVariables()) {
    log.warn(ignored, 'environment variable was ignored because it belongs to no option');
  }
}

function printIgnoredVariables(): void {
  for (const { variable, nearest } of ignoredVariables()) {
    process.stderr.write(
      `scim-operator: ${variable} was ignored because it belongs to no option; ` +
        `the nearest is ${nearest}\n`,
    );
  }
}

/** Aborts on the first SIGINT or SIGTERM. A second one ends the process immediately. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

/** By default, warnings go to stderr as plain text, which no collector of JSON logs can parse. */
function logWarnings(log: Logger): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => {
    log.warn({ warning: name, reason: message }, 'warning from Node.js or a library');
  });
}

/**
 * A defect must not leave behind a process that looks alive and does nothing. The reason is logged
 * at every log level.
 */
function crash(error: unknown): never {
  const err = error instanceof Error ? error : new Error(String(error));
  createLogger('error').fatal({ err }, 'exiting because of an unhandled error');
  process.exit(70);
}

process.on('unhandledRejection', crash);
process.on('uncaughtException', crash);

process.exit(await main(process.argv.slice(2)).catch(crash));
