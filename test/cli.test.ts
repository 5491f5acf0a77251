/** The program as a process: its exit codes and its output. */
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { createDatabase, type PostgresDatabase } from './support/directory/postgres.ts';
import { eventually } from './support/eventually.ts';
import { unreachableKubeconfig } from './support/kube/unreachable.ts';
import { Program } from './support/program.ts';

let folder: string;
let kubeconfig: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-operator-cli-'));
  kubeconfig = unreachableKubeconfig(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (
  databaseUrl: string,
  more: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
) =>
  new Program(
    [
      'run',
      '--public-url=http://localhost',
      '--host=127.0.0.1',
      '--port=0',
      '--ops-port=0',
      `--kubeconfig=${kubeconfig}`,
      `--database-url=${databaseUrl}`,
      ...more,
    ],
    environment,
  );

/**
 * Sends one request after the other on one connection until it closes. `ended` resolves with `lost`
 * if a request got no complete response.
 */
function busyClient(port: number) {
  const answers: string[] = [];
  const socket = connect(port, '127.0.0.1');
  const request = 'GET /api/v1/acme/integrations/abc/scim/v2/Users HTTP/1.1\r\nHost: x\r\n\r\n';
  let text = '';
  let isWaiting = true;
  socket.write(request);
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
    const end = text.indexOf('\r\n\r\n') + 4;
    if (end < 4 || text.length < end + length) return;
    answers.push(text);
    isWaiting = !text.includes('Connection: close');
    text = '';
    if (isWaiting) socket.write(request);
  });
  socket.on('error', () => {});
  const ended = new Promise<string>((resolve) => {
    socket.once('close', () => resolve(isWaiting ? 'lost' : 'answered'));
  });
  return { answers, ended };
}

const database = (name: string) => `file:${join(folder, name)}`;

describe('the program', () => {
  it('prints its version', async () => {
    const program = new Program(['--version']);
    expect(await program.exited).toBe(0);
    expect(program.stdout).toBe(`scim-operator ${packageJson.version}\n`);
  });

  it('prints its help', async () => {
    const program = new Program(['--help']);
    expect(await program.exited).toBe(0);
    expect(program.stdout).toContain('Usage: scim-operator [command] [options]');
  });

  it('prints the CRDs in crds/', async () => {
    const program = new Program(['crds']);
    expect(await program.exited).toBe(0);
    expect(program.stdout).toBe(
      ['scimgroupbindings', 'scimintegrations', 'scimtenants']
        .map((plural) => readFileSync(`crds/scim-operator.dev_${plural}.yaml`, 'utf8'))
        .join('---\n'),
    );
  });

  it('exits with 2 and one line for an invalid option', async () => {
    const program = new Program(['--port=many']);
    expect(await program.exited).toBe(2);
    expect(program.stderr).toBe(
      'scim-operator: --port: "many" is not allowed; it must be a whole number from 0 to 65535\n',
    );
  });

  it('says which misspelt variable it ignored if an option is missing', async () => {
    const program = new Program(['run'], { SCIM_OPERATOR_PUBLICURL: 'https://u:s3cret@x' });
    expect(await program.exited).toBe(2);
    const [ignored, missing] = program.stderr.split('\n');
    expect(ignored).toBe(
      'scim-operator: SCIM_OPERATOR_PUBLICURL was ignored because it belongs to no option; ' +
        'the nearest is SCIM_OPERATOR_PUBLIC_URL',
    );
    expect(missing).toMatch('--public-url (SCIM_OPERATOR_PUBLIC_URL) is required');
    expect(program.stderr).not.toContain('s3cret');
  });

  it('exits with 1 and one line if a port is in use', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const program = run(database('port.db'), [`--port=${port}`]);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(
      /^scim-operator: can't listen on 127\.0\.0\.1:\d+: the port is in use; change --host or --port\n$/,
    );
    server.close();
  });

  it.each<[string, (path: string) => void, RegExp]>([
    [
      'another program',
      (path) => new Database(path).exec('CREATE TABLE notes (text)').close(),
      /belongs to another program/,
    ],
    [
      'no database at all',
      (path) => writeFileSync(path, 'x'.repeat(4096)),
      /is not a SQLite database/,
    ],
  ])('exits with 1 and one line for a file of %s, and leaves it alone', async (_, make, reason) => {
    const path = join(folder, `foreign-${Math.random()}.db`);
    make(path);
    const before = readFileSync(path);
    const program = run(`file:${path}`);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(reason);
    expect(program.stderr.trimEnd()).not.toContain('\n');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('exits with 1 and one line if no cluster is configured', async () => {
    const program = new Program([
      'run',
      '--public-url=http://localhost',
      '--kubeconfig=/does/not/exist',
    ]);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(
      /^scim-operator: no usable cluster configuration: .*--kubeconfig.*\n$/,
    );
  });

  it('logs the warnings of Node.js and libraries', async () => {
    const warn = `process.on('SIGUSR2', () => process.emitWarning('mind the gap'))`;
    const program = run(database('warned.db'), [], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(warn)}`,
    });
    await program.logged('Kubernetes API was not reached; retrying');
    program.signal('SIGUSR2');
    const line = await program.logged('warning from Node.js or a library');
    expect(line).toMatchObject({ level: 'warn', reason: 'mind the gap' });
    await program.stop();
    expect(program.stderr).toBe('');
  });

  it('exits with 1 and one line if migrate can’t reach the database', async () => {
    const program = new Program(['migrate', '--database-url=postgres://u:s3cret@127.0.0.1:1/d']);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(
      /^scim-operator: can't reach the database postgres:\/\/u:\*{3}@127\.0\.0\.1:1\/d: .*\n$/,
    );
  });

  it('creates the database with migrate, and logs a misspelt variable', async () => {
    const program = new Program(['migrate', `--database-url=${database('migrated.db')}`], {
      SCIM_OPERATOR_LOGLEVEL: 'debug',
    });
    expect(await program.exited).toBe(0);
    await program.logged('database is up to date');
    expect(program.lines[0]).toMatchObject({
      level: 'warn',
      variable: 'SCIM_OPERATOR_LOGLEVEL',
      nearest: 'SCIM_OPERATOR_LOG_LEVEL',
      msg: 'environment variable was ignored because it belongs to no option',
    });
  });
});

describe('a running program', () => {
  it('serves SCIM while the cluster is unreachable, logs that once, and stops cleanly', async () => {
    const program = run(database('away.db'));
    const { port } = await program.logged('serving SCIM');
    const { port: opsPort } = await program.logged('serving metrics and probes');
    const unreached = await program.logged('Kubernetes API was not reached; retrying');
    expect(unreached).toMatchObject({ server: 'https://127.0.0.1:1' });
    const ops = (path: string) => fetch(`http://127.0.0.1:${opsPort}${path}`);
    expect((await ops('/readyz')).status).toBe(200);
    expect((await ops('/livez')).status).toBe(200);
    expect(await (await ops('/metrics')).text()).toContain('rest_client_requests_total');
    const base = `http://127.0.0.1:${port}/api/v1/acme/integrations/abc/scim/v2`;
    expect((await fetch(`${base}/Users`)).status).toBe(401);
    expect(await program.stop()).toBe(0);
    expect(program.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(program.lines.at(-1)).toMatchObject({ msg: 'stopped' });
  });

  it('warns about a public URL with plain http', async () => {
    const program = run(database('plain.db'), ['--public-url=http://scim.example.com']);
    const message =
      'the public URL uses plain http, which exposes tokens and personal data; use https';
    expect((await program.logged(message)).publicUrl).toBe('http://scim.example.com');
    await program.logged('serving SCIM');
    expect(await program.stop()).toBe(0);
    expect(program.lines.filter(({ msg }) => msg === message)).toHaveLength(1);
  });

  it('serves no console, and says so, if the public URL has a path', async () => {
    const program = run(database('path.db'), ['--public-url=https://idm.example.com/scim']);
    await program.logged(
      'the console is not served, because the public URL has a path; use a host of its own',
    );
    const { port } = await program.logged('serving SCIM');
    expect((await fetch(`http://127.0.0.1:${port}/console`)).status).toBe(404);
    expect(await program.stop()).toBe(0);
  });

  it('stops without losing a request of sixteen busy clients, and closes each connection', async () => {
    const program = run(database('busy.db'));
    const { port } = await program.logged('serving SCIM');
    const clients = Array.from({ length: 16 }, () => busyClient(Number(port)));
    await eventually(() => {
      for (const { answers } of clients) expect(answers.length).toBeGreaterThan(5);
    });
    const exit = program.stop();
    const ends = await Promise.all(clients.map(({ ended }) => ended));
    expect(await exit).toBe(0);
    expect(ends).toEqual(Array(16).fill('answered'));
    for (const { answers } of clients) {
      expect(answers.at(-1)).toContain('\r\nConnection: close\r\n');
      expect(answers.at(-2)).toContain('\r\nConnection: keep-alive\r\n');
    }
  });

  it('retries while the database can’t be opened, with /readyz failing, and then continues', async () => {
    const path = join(folder, 'blocked');
    mkdirSync(path);
    const program = run(`file:${path}`);
    const { port } = await program.logged('serving metrics and probes');
    await program.logged('database was not reached; retrying');
    const readyz = () => fetch(`http://127.0.0.1:${port}/readyz`);
    const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect((await readyz()).status).toBe(503);
    expect(await metrics()).toMatch(/^scim_directory_up 0$/m);
    rmdirSync(path);
    await program.logged('database was reached');
    await program.logged('serving SCIM');
    expect((await readyz()).status).toBe(200);
    expect(await metrics()).toMatch(/^scim_directory_up 1$/m);
    expect(await program.stop()).toBe(0);
  });
});

describe('a defect', () => {
  it.each([
    ['an unhandled rejection', "Promise.reject(new Error('boom'))"],
    ['an uncaught error', "throw new Error('boom')"],
  ])('%s ends the process with exit code 70 and a reason in the log', async (_, defect) => {
    const preload = encodeURIComponent(`process.on('SIGUSR2', () => { ${defect} })`);
    const program = run(database('defect.db'), ['--log-level=warn'], {
      NODE_OPTIONS: `--import=data:text/javascript,${preload}`,
    });
    await program.logged('Kubernetes API was not reached; retrying');
    program.signal('SIGUSR2');
    expect(await program.exited).toBe(70);
    expect(program.lines.at(-1)).toMatchObject({
      level: 'fatal',
      msg: 'exiting because of an unhandled error',
      err: { message: 'boom', stack: expect.stringContaining('data:text/javascript') },
    });
  });
});

describe('a program on PostgreSQL', () => {
  let postgres: PostgresDatabase;
  beforeAll(async () => {
    postgres = await createDatabase();
  });
  afterAll(() => postgres.drop());

  const serve = (url: string) =>
    new Program([
      'server',
      '--public-url=http://localhost',
      '--host=127.0.0.1',
      '--port=0',
      '--ops-port=0',
      `--database-url=${url}`,
    ]);

  it('serves without a cluster, next to another process on the same database', async () => {
    const programs = [serve(postgres.url), serve(postgres.url)];
    for (const program of programs) {
      const { port } = await program.logged('serving SCIM');
      const base = `http://127.0.0.1:${port}/api/v1/acme/integrations/abc/scim/v2`;
      expect((await fetch(`${base}/Users`)).status).toBe(401);
    }
    expect(await Promise.all(programs.map((program) => program.stop()))).toEqual([0, 0]);
  });

  it('exits with 1 and one line if the database does not exist', async () => {
    const program = serve(`${postgres.url}_not`);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(/can't be used: the server has no such database; create it/);
    expect(program.stderr.trimEnd()).not.toContain('\n');
  });

  it("exits with 1 and one line for another program's database, and leaves it alone", async () => {
    const foreign = await createDatabase();
    await foreign.query('CREATE TABLE groups (things text)');
    const program = serve(foreign.url);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(/belongs to another program, which has a table groups/);
    const tables = await foreign.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'");
    expect(tables).toHaveLength(1);
    await foreign.drop();
  });

  it('retries until another role has migrated the database', async () => {
    const fresh = await createDatabase();
    const role = `${new URL(fresh.url).pathname.slice(1)}_role`;
    await fresh.query(`CREATE ROLE ${role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC`);
    const url = new URL(fresh.url);
    url.username = role;
    const program = serve(url.href);
    const { reason } = await program.logged('database was not migrated; retrying');
    expect(reason).toMatch(/this role may not create them there; run scim-operator migrate/);
    await fresh.query(`GRANT CREATE ON SCHEMA public TO ${role}`);
    await program.logged('serving SCIM');
    expect(await program.stop()).toBe(0);
    await fresh.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await fresh.drop();
  });

  it('retries while the server is unreachable, and never shows its password', async () => {
    const program = serve('postgres://scim:s3cret@127.0.0.1:1/scim');
    const line = await program.logged('database was not reached; retrying');
    expect(line.databaseUrl).toBe('postgres://scim:***@127.0.0.1:1/scim');
    expect(await program.stop()).toBe(0);
    expect(program.stdout + program.stderr).not.toContain('s3cret');
  });
});
