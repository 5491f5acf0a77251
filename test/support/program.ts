/** The program as a process. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { programBundle } from './bundle.ts';
import { eventually } from './eventually.ts';

/** A third of the time to start is spent on compiling. */
const COMPILED = resolve('node_modules/.cache/compiled');

/** One run of the program. It ends at the latest with this process. */
export class Program {
  readonly #child;
  stdout = '';
  stderr = '';
  readonly exited: Promise<number | null>;

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [programBundle(), ...args], {
      env: { HOME: tmpdir(), NODE_COMPILE_CACHE: COMPILED, ...environment },
    });
    const orphan = () => this.#child.kill('SIGKILL');
    process.once('exit', orphan);
    this.#child.once('exit', () => process.off('exit', orphan));
    this.#child.stdout.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.#child.stderr.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.exited = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** Passes on stdout as bytes. */
  onOutput(take: (chunk: Buffer) => void): void {
    this.#child.stdout.on('data', take);
  }

  get lines(): readonly Record<string, unknown>[] {
    return this.stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** Resolves with the log line once the message has been logged. */
  logged(message: string) {
    return eventually(() => {
      const line = this.lines.find(({ msg }) => msg === message);
      if (line === undefined)
        throw new Error(`not logged: ${message}; ${this.stdout}${this.stderr}`);
      return line;
    });
  }

  /** Resolves once the text is on stderr. */
  printed(text: string): Promise<void> {
    return eventually(() => {
      if (!this.stderr.includes(text)) throw new Error(`not printed: ${text}; ${this.stderr}`);
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    return this.exited;
  }
}
