/** A checkout in which the commands of the documentation run, with the programs that they need. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ensureBinaries } from '../../../hack/control-plane/binaries.ts';
import { helmProgram } from '../../../hack/helm/programs.ts';
import { type Child, startChild } from '../../../hack/process/child.ts';
import { freePorts } from '../../../hack/process/ports.ts';
import { programBundle } from '../bundle.ts';
import { eventually } from '../eventually.ts';
import { outputOf } from '../program-output.ts';

const LINKED = [
  'Makefile',
  'package.json',
  'package-lock.json',
  'src',
  'crds',
  'charts',
  'examples',
];
const INSTALLED = ['.bin', 'better-sqlite3'];

const FUNCTIONS = resolve('test/support/docs/functions.sh');

const log = (line: string) => process.stderr.write(`${line}\n`);

/** The programs that the commands need besides those of the checkout, if they aren't installed. */
export function missingPrograms(): readonly string[] {
  return ['bash', 'curl', 'jq', 'openssl'].filter(
    (name) => spawnSync(name, ['version']).error !== undefined,
  );
}

export class Checkout {
  readonly #folder: string;
  #env: NodeJS.ProcessEnv;
  #operator: Child | undefined;

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.#env = env;
  }

  /** With the bundle, kubectl and helm. */
  static async create(env: NodeJS.ProcessEnv): Promise<Checkout> {
    const folder = mkdtempSync(join(tmpdir(), 'scim-operator-docs-'));
    for (const name of ['node_modules', 'bin']) mkdirSync(join(folder, name));
    for (const name of LINKED) symlinkSync(resolve(name), join(folder, name));
    for (const name of INSTALLED)
      symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name));
    // Newer than package.json, so that make installs nothing.
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), '{}');
    cpSync(dirname(programBundle()), join(folder, 'dist'), { recursive: true });
    const program = `#!/bin/sh\nexec node "$(dirname "$0")/../dist/scim-operator.js" "$@"\n`;
    writeFileSync(join(folder, 'bin/scim-operator'), program, { mode: 0o755 });
    const pathOf = await ensureBinaries(['kubectl'], log);
    // oc has the commands of kubectl.
    for (const name of ['kubectl', 'oc']) symlinkSync(pathOf('kubectl'), join(folder, 'bin', name));
    const helm = await helmProgram('v4');
    if (existsSync(helm)) symlinkSync(helm, join(folder, 'bin/helm'));
    const caches = {
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      KUBECACHEDIR: join(folder, 'discovered'),
    };
    return new Checkout(folder, { ...caches, ...env });
  }

  /** One like this, for commands that write files. */
  copy(): Checkout {
    const folder = mkdtempSync(`${this.#folder}-`);
    cpSync(this.#folder, folder, { recursive: true, verbatimSymlinks: true });
    return new Checkout(folder, this.#env);
  }

  /** Starts the program on the database directory.db. Scripts find it at PUBLIC_URL. */
  async startOperator(options: readonly string[] = []): Promise<void> {
    const logFile = join(this.#folder, 'operator.log');
    const [port] = await freePorts(1);
    this.#env = { ...this.#env, PUBLIC_URL: `http://127.0.0.1:${port}` };
    const args = [
      join(this.#folder, 'dist/scim-operator.js'),
      `--public-url=${this.#env.PUBLIC_URL}`,
      `--port=${port}`,
      '--ops-port=0',
      '--leader-election=false',
      `--database-url=file:${join(this.#folder, 'directory.db')}`,
      ...options,
    ];
    this.#operator = startChild(process.execPath, args, logFile, this.#environment());
    await eventually(() => {
      const text = readFileSync(logFile, 'utf8');
      if (!text.includes('"msg":"serving SCIM"')) throw new Error(`the program says: ${text}`);
    });
  }

  /** Returns the path. */
  write(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** Returns what the script printed. Rejects with that if a command fails. */
  run(script: string): Promise<string> {
    const text = `source '${FUNCTIONS}'\n${script}`;
    return outputOf('bash', ['-c', text], { cwd: this.#folder, env: this.#environment() });
  }

  async remove(): Promise<void> {
    await this.#operator?.stop();
    rmSync(this.#folder, { recursive: true });
  }

  #environment(): NodeJS.ProcessEnv {
    const programs = ['node_modules/.bin', 'bin'].map((name) => join(this.#folder, name));
    const PATH = [...programs, process.env.PATH].join(':');
    return { ...process.env, ...this.#env, HOME: this.#folder, PATH };
  }
}
