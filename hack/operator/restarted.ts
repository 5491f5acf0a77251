/** Runs the operator as a process and restarts it when it ends, as a kubelet would do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from '../process/child.ts';
import { imageSettings } from '../process/image-settings.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = ['--import', join(ROOT, 'hack', 'jsx.ts'), join(ROOT, 'src', 'cli.ts')];
/** Exit codes after which restarting doesn't help; see src/cli.ts. */
const FATAL = new Set(['1', '2']);
const RESTART_MS = 500;

export class OperatorProcess {
  readonly #logFile: string;
  readonly #environment: NodeJS.ProcessEnv;
  /** Called with the exit code or signal of the previous process. */
  onRestart: (how: string) => void = () => undefined;
  #child: Child;
  #stopping = false;
  #fail: (error: Error) => void = () => undefined;

  /** Rejects if the operator ended for a reason that restarting doesn't fix. */
  readonly failed: Promise<never>;

  constructor(environment: NodeJS.ProcessEnv, logFile: string) {
    this.#environment = environment;
    this.#logFile = logFile;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined);
    this.#child = this.#start();
  }

  get pid(): number {
    return this.#child.pid;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#child.stop('SIGTERM', 25_000);
  }

  #start(): Child {
    const { options, environment } = imageSettings(ROOT);
    const child = startChild(process.execPath, [...options, ...PROGRAM, 'run'], this.#logFile, {
      ...this.#environment,
      ...environment,
    });
    void child.exited.then((how) => this.#afterExit(how));
    return child;
  }

  #afterExit(how: string): void {
    if (this.#stopping) return;
    if (FATAL.has(how)) {
      this.#fail(new Error(`the operator exited: ${lastLine(this.#logFile)}`));
      return;
    }
    setTimeout(() => {
      if (this.#stopping) return;
      this.#child = this.#start();
      this.onRestart(how);
    }, RESTART_MS);
  }
}

function lastLine(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '';
}
