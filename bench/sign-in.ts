/**
 * Measures the server's part of a sign-in: from the button of the identity provider to the provider,
 * and from the callback to the session. `node --import ./hack/jsx.ts bench/sign-in.ts [ROUNDS]`
 * prints milliseconds, and fails above the bound;
 * a user may sign in 60 times a minute. The provider runs in the same process, so the time
 * of the callback includes its token endpoint.
 */
import { provision, startSignInServer } from '../test/support/sso/sign-in-server.ts';
import { median, percentile } from './load/statistics.ts';

const BOUND_MS = 150;
/** The first sign-ins compile code and read the provider's discovery document and keys. */
const WARM_UP = 5;

const ADA = { login: 'ada', claims: { sub: 'sub-ada', preferred_username: 'ada' } };

const rounds = Number(process.argv[2] ?? 40);
const server = await startSignInServer({ accounts: [ADA] });
await provision(await server.scim(), 'ada');

const samples: number[] = [];
for (let round = 0; round < rounds + WARM_UP; round++) {
  const browser = server.browser();
  const begun = performance.now();
  const { location } = await browser.get('/oauth/login/keycloak?tenant=acme');
  const toProvider = performance.now() - begun;
  const back = await server.visitor('keycloak').signIn(location, 'ada');
  const returned = performance.now();
  const { status } = await browser.get(back);
  if (status !== 303 || !browser.cookies.has('__Host-scim-session'))
    throw new Error(`the sign-in was refused with ${status}`);
  samples.push(toProvider + performance.now() - returned);
}
await server.close();

const measured = samples.slice(WARM_UP);
const [middle, p95] = [median(measured), percentile(measured, 0.95)];
console.log(`${rounds} sign-ins: median ${middle.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`);
if (!(middle <= BOUND_MS)) process.exitCode = 1;
