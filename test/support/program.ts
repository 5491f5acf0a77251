/** The program as a process. */
import { spawn } from 'node:child_process';
import { eventually } from './eventually.ts';

/** `HOME` is nobody's unless given: no kubeconfig of the person at the machine is found. */
export class Program {
  readonly #child;
  stdout = '';
  stderr = '';
  readonly exited: Promise<number | null>;

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, ['src/cli.ts', ...args], {
      env: { HOME: '/nonexistent', ...environment },
      cwd: process.cwd(),
    });
    this.#child.stdout.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.#child.stderr.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.exited = new Promise((resolve) => this.#child.once('close', resolve));
  }

  get lines(): readonly Record<string, unknown>[] {
    return this.stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** The log line with the message, once it is there. */
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

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    return this.exited;
  }
}
