/** Runs the built program as a process and observes it from outside. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Child, startChild } from '../process/child.ts';
import { imageSettings } from '../process/image-settings.ts';
import { freePorts } from '../process/ports.ts';
import { type ProcessUsage, usageOf } from '../process/usage.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const ENTRY = join(ROOT, 'dist', 'scim-operator.js');
const POLL_MS = 20;

export interface OperatorFiles {
  readonly kubeconfig: string;
  readonly databaseUrl: string;
  readonly log: string;
}

export class BuiltOperator {
  readonly port: number;
  readonly #opsPort: number;
  readonly #files: OperatorFiles;
  readonly #options: readonly string[];
  #child: Child | undefined;
  #logStart = 0;

  private constructor(ports: readonly number[], files: OperatorFiles, options: readonly string[]) {
    [this.port = 0, this.#opsPort = 0] = ports;
    this.#files = files;
    this.#options = options;
  }

  /** Doesn't start the operator. Every `start` uses the same ports. */
  static async prepare(
    files: OperatorFiles,
    options: readonly string[] = [],
  ): Promise<BuiltOperator> {
    if (!existsSync(ENTRY)) throw new Error('dist/scim-operator.js is missing: run make build');
    return new BuiltOperator(await freePorts(2), files, options);
  }

  get publicUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** `nodeOptions` are options of Node.js, for example for a profile. */
  start(nodeOptions: readonly string[] = []): void {
    const { kubeconfig, databaseUrl, log } = this.#files;
    this.#logStart = existsSync(log) ? statSync(log).size : 0;
    const options = {
      'public-url': this.publicUrl,
      host: '127.0.0.1',
      port: this.port,
      'ops-port': this.#opsPort,
      'database-url': databaseUrl,
      kubeconfig,
      'leader-election-identity': 'the-only-one',
    };
    const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const image = imageSettings(ROOT);
    const args = [...image.options, ...nodeOptions, ENTRY, 'run', ...flags, ...this.#options];
    const environment = {
      ...process.env,
      ...image.environment,
      // The image brings its cache along.
      NODE_COMPILE_CACHE: join(dirname(log), 'compile-cache'),
    };
    this.#child = startChild(process.execPath, args, log, environment);
  }

  get pid(): number {
    return this.#started().pid;
  }

  get running(): boolean {
    return this.#child?.running === true;
  }

  /** Resolves with the exit code or signal when the process ends. */
  get exited(): Promise<string> {
    return this.#started().exited;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#child?.stop(signal, 25_000);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  usage(): ProcessUsage {
    return usageOf(this.pid);
  }

  async metrics(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.#opsPort}/metrics`);
    return answer.text();
  }

  /** Returns the status of a probe, `livez` or `readyz`. */
  async probe(name: string): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#opsPort}/${name}`);
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Waits until a message has been logged since the last start. */
  async logged(message: string, deadlineMs = 60_000): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    while (!this.log().includes(`"msg":"${message}"`)) {
      if (!this.running || performance.now() > deadline)
        throw new Error(`the operator did not log: ${message}; ${this.log().slice(-2_000)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** The log since the last start. */
  log(): string {
    const text = readFileSync(this.#files.log);
    return text.subarray(this.#logStart).toString('utf8');
  }

  #started(): Child {
    if (this.#child === undefined) throw new Error('the operator was not started');
    return this.#child;
  }
}
