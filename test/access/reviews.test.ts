/** Decisions of the API server, against a server that counts the questions. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AccessError } from '../../src/access/error.ts';
import { Reviews } from '../../src/access/reviews.ts';
import { clientOf } from '../support/access/client.ts';
import { eventually } from '../support/eventually.ts';

const ADA = { user: 'scim:ada', groups: ['scim:acme'] };
const READ = { verb: 'get', group: 'directory.scim-operator.dev', resource: 'users' };
const IN_ACME = { ...READ, namespace: 'acme' };

interface Asked {
  readonly spec: { readonly user: string; readonly resourceAttributes: { namespace: string } };
}

let server: Server;
let asked: Asked[] = [];
let respond: (asked: Asked) => { code: number; body: object };
let wait = async () => {};
let now = 0;
let reviews: Reviews;

const allowed = (value: boolean) => ({ code: 201, body: { status: { allowed: value } } });

beforeEach(async () => {
  asked = [];
  now = 0;
  wait = async () => {};
  respond = () => allowed(true);
  server = createServer(async (request, response) => {
    const question = (await json(request)) as Asked;
    asked.push(question);
    await wait();
    const { code, body } = respond(question);
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  reviews = reviewsAt((server.address() as AddressInfo).port);
});
afterEach(() => server.close());

const reviewsAt = (port: number, most?: number) => new Reviews(clientOf(port), () => now, most);

describe('a decision', () => {
  it('is about the whole identity and the action', async () => {
    const identity = { ...ADA, uid: 'u-1', extra: { 'acme.io/dept': ['x'] } };
    expect(await reviews.mayEach(identity, [{ ...IN_ACME, name: 'n' }])).toEqual([true]);
    expect(asked).toEqual([
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { ...identity, resourceAttributes: { ...IN_ACME, name: 'n' } },
      },
    ]);
  });

  it('is kept for at most ten seconds, and asked for once meanwhile', async () => {
    await Promise.all([reviews.mayEach(ADA, [IN_ACME]), reviews.mayEach(ADA, [IN_ACME])]);
    expect(asked).toHaveLength(1);
    respond = () => allowed(false);
    expect(await reviews.mayEach(ADA, [IN_ACME])).toEqual([true]);
    now = 10_000;
    expect(await reviews.mayEach(ADA, [IN_ACME])).toEqual([false]);
  });

  it('is never used for anybody or anything else', async () => {
    const identities = [
      ADA,
      { ...ADA, user: 'scim:bob' },
      { ...ADA, groups: [] },
      { ...ADA, groups: ['scim:acme', 'x'] },
      { ...ADA, groups: ['scim:acme","x'] },
      { ...ADA, uid: 'u' },
      { ...ADA, extra: { a: ['b'] } },
      { ...ADA, extra: { a: ['b'], c: [] } },
    ];
    const actions = [
      IN_ACME,
      { ...IN_ACME, verb: 'list' },
      { ...IN_ACME, group: '' },
      { ...IN_ACME, resource: 'groups' },
      { ...IN_ACME, namespace: 'globex' },
      { ...IN_ACME, name: 'n' },
    ];
    for (const identity of identities) await reviews.mayEach(identity, actions);
    expect(asked).toHaveLength(identities.length * actions.length);
  });

  it('comes in the order of the questions', async () => {
    respond = ({ spec }) => allowed(spec.resourceAttributes.namespace === 'ns-7');
    const actions = Array.from({ length: 100 }, (_, n) => ({ ...READ, namespace: `ns-${n}` }));
    const answers = await reviews.mayEach(ADA, actions);
    expect(answers.flatMap((yes, n) => (yes ? [n] : []))).toEqual([7]);
  });

  it('is no if an authorizer denies it, and about nobody', async () => {
    respond = () => ({ code: 201, body: { status: { allowed: true, denied: true } } });
    expect(await reviews.mayEach(ADA, [IN_ACME])).toEqual([false]);
    expect(await reviews.mayEach({ user: '', groups: [] }, [IN_ACME])).toEqual([false]);
    expect(asked).toHaveLength(1);
  });

  it('is neither yes nor no if the API server fails, and is asked for again', async () => {
    respond = () => ({ code: 500, body: {} });
    await expect(reviews.mayEach(ADA, [IN_ACME])).rejects.toThrow(AccessError);
    respond = () => allowed(true);
    expect(await reviews.mayEach(ADA, [IN_ACME])).toEqual([true]);
  });

  it('about many things is asked for eight at a time, and leaves room for other users', async () => {
    const held: (() => void)[] = [];
    let open = 0;
    let most = 0;
    wait = () => {
      most = Math.max(most, ++open);
      return new Promise<void>((resolve) => held.push(resolve)).finally(() => open--);
    };
    const actions = Array.from({ length: 100 }, (_, n) => ({ ...READ, namespace: `ns-${n}` }));
    const flood = Promise.all([reviews.mayEach(ADA, actions), reviews.mayEach(ADA, actions)]);
    await eventually(() => expect(open).toBe(8));
    const other = reviews.mayEach({ ...ADA, user: 'scim:bob' }, [IN_ACME]);
    await eventually(() => expect(open).toBe(9));
    wait = async () => {};
    for (const release of held) release();
    expect(await other).toEqual([true]);
    expect((await flood).flat()).toHaveLength(200);
    expect(most).toBe(9);
  });

  it('is refused if too many questions about one user wait', async () => {
    const held: (() => void)[] = [];
    wait = () => new Promise<void>((resolve) => held.push(resolve));
    const asking = Array.from({ length: 1_009 }, (_, n) =>
      reviews.mayEach(ADA, [{ ...READ, namespace: `ns-${n}` }]),
    );
    await expect(asking.at(-1)).rejects.toThrow('too many permission checks are under way');
    await eventually(() => expect(held).toHaveLength(8));
    wait = async () => {};
    for (const release of held) release();
    expect((await Promise.all(asking.slice(0, -1))).flat()).toHaveLength(1_008);
  });

  it('says which permission the operator lacks', async () => {
    respond = () => ({ code: 403, body: { kind: 'Status', reason: 'Forbidden', message: 'no' } });
    await expect(reviews.mayEach(ADA, [IN_ACME])).rejects.toThrow(/SubjectAccessReviews; give/);
  });

  it('is forgotten when there are too many', async () => {
    const few = reviewsAt((server.address() as AddressInfo).port, 2);
    for (const namespace of ['a', 'b', 'c', 'b', 'c'])
      await few.mayEach(ADA, [{ ...READ, namespace }]);
    expect(asked).toHaveLength(3);
    await few.mayEach(ADA, [{ ...READ, namespace: 'a' }]);
    expect(asked).toHaveLength(4);
  });
});
