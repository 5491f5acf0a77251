/**
 * Runs a SCIM server with one integration from the sources, for profiles.
 * `node bench/serve.ts [DATABASE_URL] [PORT]` prints a line with the endpoint, the token and the
 * process id, and serves until Ctrl-C. By default, it uses a fresh SQLite file and a free port. With
 * `ACTIVITY=off`, it keeps no activity log. It logs every request, to /dev/null.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destination } from 'pino';
import { recordIntegration } from '../hack/scim-server/integration.ts';
import { RequestTracker } from '../src/directory/last-requests.ts';
import { DEFAULTS, openDirectory } from '../src/directory/open.ts';
import { HttpServer } from '../src/http/server.ts';
import { createLogger, linesTogether } from '../src/logger.ts';
import { createScimApp } from '../src/scim-server/app.ts';
import { errorDocument } from '../src/scim-server/error.ts';
import { RecentRequests } from '../src/scim-server/recent-requests.ts';

const folder = mkdtempSync(join(tmpdir(), 'scim-bench-'));
const [databaseUrl = `file:${join(folder, 'directory.db')}`, wantedPort = '0'] =
  process.argv.slice(2);
const activity = { recorded: process.env.ACTIVITY !== 'off' };
const store = await openDirectory(databaseUrl, undefined, { ...DEFAULTS, activity });
const { token, path } = await recordIntegration(store, { tenant: 'bench' });
const log = createLogger('info', linesTogether(destination('/dev/null')));
const warn = () => process.stderr.write('a write in the background failed\n');
const tracker = new RequestTracker(store, warn);
const recent = new RecentRequests(store.recentRequests, Date.now, warn);
const port = Number(wantedPort);
const publicUrl = `http://127.0.0.1:${port}`;
const requests = { tracker, recent, rateLimit: 1_000_000 };
const app = createScimApp({ store, publicUrl, log, now: Date.now, ...requests });
const server = new HttpServer(app, log, { errorDocument });
const address = await server.listen({ host: '127.0.0.1', port });
const base = `http://127.0.0.1:${address.port}${path}`;
process.stdout.write(`${base} ${token} ${process.pid}\n`);

process.once('SIGINT', async () => {
  await server.close(1000);
  await Promise.all([tracker.flush(), recent.flush()]);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
