/** `make demo` as a process, in a temporary folder and on free ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from './eventually.ts';

/** A quarter of the time to start is spent on compiling. */
const COMPILED = resolve('node_modules/.cache/compiled');

export class Demo {
  readonly folder = mkdtempSync(join(tmpdir(), 'scim-operator-demo-'));
  readonly #child: ChildProcess;
  /** The exit code. */
  readonly exited: Promise<number | null>;
  /** Its output so far, including errors. */
  output = '';

  constructor(environment: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, ['hack/demo/main.ts'], {
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: COMPILED,
        DEMO_FOLDER: this.folder,
        SYNC: '',
        SSO: '',
        SCIM_OPERATOR_SSO_CONFIG: '',
        CLUSTER: '',
        DATABASE_URL: '',
        PORT: '0',
        SCIM_OPERATOR_OPS_PORT: '0',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk) => {
        this.output += chunk;
      });
    this.exited = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** Resolves when everything has been played and printed. */
  async serving(): Promise<void> {
    await eventually(
      () => {
        if (!this.output.includes('Serving until you press Ctrl-C')) throw new Error(this.output);
      },
      // Starting a whole cluster takes time.
      { deadlineMs: 110_000 },
    );
  }

  /** Returns a variable of the env file. */
  variable(name: string): string {
    const text = readFileSync(join(this.folder, 'env'), 'utf8');
    const value = new RegExp(`^export ${name}='([^']*)'$`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`${name} is not in the file`);
    return value;
  }

  /** Sends a SCIM request to the endpoint, with the token, from the env file. */
  scim(path: string): Promise<Response> {
    return fetch(`${this.variable('SCIM_BASE')}${path}`, {
      headers: { authorization: `Bearer ${this.variable('SCIM_TOKEN')}` },
    });
  }

  /** Resolves with the exit code. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.exited;
  }

  async remove(): Promise<void> {
    await this.stop('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
