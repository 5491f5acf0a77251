/** Sign-in with a Kubernetes token, against a real API server. */
import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessError } from '../../../src/access/error.ts';
import type { TokenSession } from '../../../src/directory/store/sessions.ts';
import type { Client } from '../../../src/kube/client.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import { SERVICE_ACCOUNTS } from '../../../src/kube/resource.ts';
import { Seal } from '../../../src/sso/seal.ts';
import { eventually } from '../../support/eventually.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { type SignInServer, startSignInServer } from '../../support/sso/sign-in-server.ts';

const AUDIENCE = 'scim-operator';
const NAME = 'console-admin';

let client: Client;
let namespace: string;
let server: SignInServer;
let reviews = 0;
beforeAll(async () => {
  client = adminClient();
  namespace = await createNamespace(client, 'token');
  await client.create(SERVICE_ACCOUNTS, { metadata: { name: NAME, namespace } }, TEST_MANAGER);
  const review: Client['review'] = (...args) => {
    reviews++;
    return client.review(...args);
  };
  server = await startSignInServer({ providers: [], client: { review } });
});
afterAll(() => server.close());

async function createToken(audience?: string, name = NAME): Promise<string> {
  const audiences = audience === undefined ? [] : [audience];
  const { status } = await client.createSubresource<{ status: { token: string } }>(
    SERVICE_ACCOUNTS,
    { namespace, name },
    'token',
    { spec: { audiences, expirationSeconds: 600 } },
  );
  return status.token;
}

const signIn = (token: string, on = server) =>
  on.signIn.signInWithToken(token, on.browser().headers);

const sessionWith = ({ cookie = '' }: { readonly cookie?: string }, on = server) => {
  const [pair = ''] = cookie.split(';');
  return on.signIn.sessionOf(new Headers({ cookie: pair }));
};

describe('a Kubernetes token', () => {
  it('opens a session of its holder, until the token ends', async () => {
    const token = await createToken(AUDIENCE);
    const outcome = await signIn(` ${token}\n`);
    expect(outcome).toHaveProperty('cookie');
    const session = await sessionWith(outcome as { cookie: string });
    const user = `system:serviceaccount:${namespace}:${NAME}`;
    expect(session).toMatchObject({
      tenant: undefined,
      person: undefined,
      via: 'kubernetes',
      expiresAt: (decodeJwt(token).exp ?? 0) * 1_000,
      identity: {
        user,
        uid: expect.any(String),
        groups: expect.arrayContaining([`system:serviceaccounts:${namespace}`]),
      },
    });
    expect(server.lines).toContainEqual(
      expect.objectContaining({ msg: 'user signed in', provider: 'kubernetes', user }),
    );
    expect(JSON.stringify(server.lines)).not.toContain(token.slice(-40));
    server.ahead = 601_000;
    expect(await sessionWith(outcome as { cookie: string })).toBeUndefined();
    server.ahead = 0;
  });

  it('is not sent to the API server unless it is for the audience scim-operator', async () => {
    reviews = 0;
    const outcomes = await Promise.all(
      [await createToken(), await createToken('another')].map((token) => signIn(token)),
    );
    expect(outcomes).toEqual([
      { refused: expect.stringContaining('--audience scim-operator'), status: 403 },
      { refused: expect.stringContaining('--audience scim-operator'), status: 403 },
    ]);
    expect(reviews).toBe(0);
  });

  it('is refused if somebody has written the audience into it', async () => {
    const [head, , signature] = (await createToken()).split('.');
    const claims = { ...decodeJwt(await createToken()), aud: [AUDIENCE] };
    const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
    expect(await signIn(`${head}.${body}.${signature}`)).toMatchObject({ status: 403 });
  });

  it('is refused after its ServiceAccount was deleted', async () => {
    const name = 'leaver';
    await client.create(SERVICE_ACCOUNTS, { metadata: { name, namespace } }, TEST_MANAGER);
    const token = await createToken(AUDIENCE, name);
    await client.delete(SERVICE_ACCOUNTS, { namespace, name });
    // The API server remembers for some seconds that it has accepted the token.
    await eventually(async () => expect(await signIn(token)).toMatchObject({ status: 403 }));
  });

  it('ends its session within a minute of being revoked, and no other', async () => {
    const name = 'revoked';
    const { metadata } = await client.create(
      SERVICE_ACCOUNTS,
      { metadata: { name, namespace } },
      TEST_MANAGER,
    );
    const token = await createToken(AUDIENCE, name);
    const revoked = await signIn(token);
    const kept = await signIn(await createToken(AUDIENCE));
    const sessionOf = (outcome: object | undefined) => sessionWith(outcome as { cookie: string });
    reviews = 0;
    for (let use = 0; use < 5; use++) expect(await sessionOf(revoked)).toBeDefined();
    expect(reviews).toBe(1);
    await client.delete(SERVICE_ACCOUNTS, { namespace, name });
    // The API server remembers for some seconds that it has accepted the token.
    await eventually(async () => expect(await signIn(token)).toMatchObject({ status: 403 }));
    server.ahead = 31_000;
    expect(await sessionOf(revoked)).toBeUndefined();
    expect(server.lines).toContainEqual(
      expect.objectContaining({
        msg: 'a session ended because its Kubernetes token was refused',
        user: `system:serviceaccount:${namespace}:${metadata.name}`,
      }),
    );
    expect(await sessionOf(kept)).toBeDefined();
    server.ahead = 0;
    expect(await sessionOf(revoked)).toBeUndefined();
  });

  it('can sign out, but do nothing else, while the API server does not check it', async () => {
    let isUp = true;
    const review: Client['review'] = (...args) =>
      isUp ? client.review(...args) : Promise.reject(new ApiError(503, 'no'));
    const flaky = await startSignInServer({ providers: [], client: { review } });
    const outcome = (await signIn(await createToken(AUDIENCE), flaky)) as { cookie: string };
    const [cookie = ''] = outcome.cookie.split(';');
    expect(await sessionWith(outcome, flaky)).toBeDefined();
    isUp = false;
    flaky.ahead = 31_000;
    await expect(sessionWith(outcome, flaky)).rejects.toThrow(AccessError);
    const page = await flaky.signIn.app.request(`${flaky.publicUrl}/logout`, {
      headers: { cookie },
    });
    expect(page.status).toBe(200);
    isUp = true;
    expect(await sessionWith(outcome, flaky)).toBeDefined();
    await flaky.close();
  });

  it('is not readable in the directory, even with the key of the directory', async () => {
    const token = await createToken(AUDIENCE);
    const { cookie = '' } = (await signIn(token)) as { cookie?: string };
    const [, secret = ''] = /=([\w-]{43});/.exec(cookie) ?? [];
    const hash = createHash('sha256').update(secret).digest('hex');
    const found = await server.store.sessions.find({ tenant: '', hash });
    expect(found).toMatchObject({ kind: 'kubernetes', sealedToken: expect.any(String) });
    const { sealedToken } = found as TokenSession;
    expect(sealedToken).not.toContain(token.slice(-40));
    const open = (key: string) => new Seal(key, 'Kubernetes token').open(sealedToken, hash);
    expect(open(server.store.sealingKey)).toBeUndefined();
    expect(open(Buffer.from(secret, 'base64url').toString('hex'))).toBe(token);
  });

  it('is refused after its end', async () => {
    const token = await createToken(AUDIENCE);
    server.ahead = 601_000;
    expect(await signIn(token)).toMatchObject({ status: 403 });
    server.ahead = 0;
  });

  it.each(['', 'x', 'a b', 'é', 'x'.repeat(20_000), 'a.b.c', 'bearer-of-a-static-file'])(
    'is not %.30j',
    async (token) => {
      expect(await signIn(token)).toMatchObject({ status: 403 });
    },
  );

  it('is refused if the API server does not confirm the audience', async () => {
    const user = { username: 'admin', groups: ['system:masters'] };
    for (const audiences of [undefined, [], ['https://kubernetes.default.svc']]) {
      const review: Client['review'] = async <T>() =>
        ({ status: { authenticated: true, user, audiences } }) as T;
      const careless = await startSignInServer({ providers: [], client: { review } });
      expect(await signIn('opaque-token', careless)).toMatchObject({ status: 403 });
      await careless.close();
    }
  });

  it('says so if the API server does not check it', async () => {
    const review: Client['review'] = () => Promise.reject(new ApiError(403, 'forbidden'));
    const forbidden = await startSignInServer({ providers: [], client: { review } });
    expect(await signIn('opaque-token', forbidden)).toEqual({
      refused: expect.stringContaining('could not be checked'),
      status: 503,
    });
    expect(forbidden.lines).toContainEqual(
      expect.objectContaining({ detail: 'the API server refused the call', reason: 'noReview' }),
    );
    await forbidden.close();
  });
});
