/**
 * `make conformance`: runs the public suite scim2-tester and fails on every unjustified finding.
 */

import { type RunningServer, startServer, startServerOnPostgres } from '../scim-server/start.ts';
import { EXCEPTIONS } from './exceptions.ts';
import { isConforming, judge, type Verdict } from './judge.ts';
import { ensureSuite, runSuite } from './suite.ts';

const RESOURCES = ['User', 'Group'];
/** Whole responses are long. This many characters show what is wrong. */
const SHOWN_DATA = 2_000;

const say = (line = '') => process.stdout.write(`${line}\n`);
const complain = (line: string) => process.stderr.write(`conformance: ${line}\n`);

async function conformance(signal: AbortSignal): Promise<boolean> {
  const suite = await ensureSuite(complain, signal);
  let conforms = true;
  for (const { name, start } of endpoints()) {
    const endpoint = await start();
    try {
      const results = await runSuite(suite, endpoint, signal);
      const verdict = judge(results, EXCEPTIONS, RESOURCES);
      print(verdict, `scim2-tester ${suite.version} on ${name}`);
      conforms &&= isConforming(verdict);
    } finally {
      await endpoint.close();
    }
  }
  return conforms;
}

/** The endpoint or database that the environment names, or our server on both databases. */
function endpoints(): readonly { name: string; start(): Promise<RunningServer> }[] {
  const named = namedEndpoint();
  if (named !== undefined) return [{ name: named.url, start: async () => named }];
  const { DATABASE_URL: url } = process.env;
  if (url) return [{ name: 'DATABASE_URL', start: () => startServer(url) }];
  return [
    { name: 'SQLite', start: () => startServer(undefined) },
    { name: 'PostgreSQL', start: startServerOnPostgres },
  ];
}

function namedEndpoint(): RunningServer | undefined {
  const { CONFORMANCE_URL: url, CONFORMANCE_TOKEN: token } = process.env;
  if (!url && !token) return undefined;
  if (!url || !token) throw new Error('set both CONFORMANCE_URL and CONFORMANCE_TOKEN, or neither');
  return { url: url.replace(/\/+$/, ''), token, close: async () => undefined };
}

function print(verdict: Verdict, title: string): void {
  const { conforming, justified, unexpected, needless, unchecked } = verdict;
  for (const { check, resource, attribute, status, detail, data } of unexpected) {
    say(`✗ ${[check, resource, attribute].filter(Boolean).join(' ')}: ${status}`);
    for (const text of [detail, data?.slice(0, SHOWN_DATA)]) {
      if (text) say(`  ${text.replaceAll('\n', '\n  ')}`);
    }
  }
  for (const { check, resource, attribute } of needless)
    say(`✗ the exception for ${check} ${resource} ${attribute} is no longer needed`);
  for (const resource of unchecked) say(`✗ no check covered ${resource}`);
  const wrong = unexpected.length + needless.length + unchecked.length;
  say(
    `${title}: ${conforming} checks conform, ${justified} are justified exceptions, ${wrong} unexpected`,
  );
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stop.abort());

let exitCode = 1;
try {
  if (await conformance(stop.signal)) exitCode = 0;
} catch (error) {
  if (!stop.signal.aborted) complain(error instanceof Error ? error.message : String(error));
}
process.exit(exitCode);
