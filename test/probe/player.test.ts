/** The player of sequences, with a fetch that returns scripted responses. */
import { describe, expect, it } from 'vitest';
import { playSequence, type StepResult } from '../../src/probe/player.ts';
import type { Step } from '../../src/probe/sequence.ts';

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

async function play(
  steps: readonly Step[],
  answers: readonly Response[],
  more: { strict?: boolean } = {},
): Promise<{ results: StepResult[]; sent: Sent[] }> {
  const sent: Sent[] = [];
  const script = [...answers];
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    sent.push({ url: String(url), init });
    const answer = script.shift();
    if (answer === undefined) throw new TypeError('fetch failed');
    return answer;
  };
  const results: StepResult[] = [];
  const options = { baseUrl: 'http://scim', token: 't', fetch, ...more };
  const sequence = { client: 'Test', headers: { 'user-agent': 'test' }, steps };
  for await (const result of playSequence(sequence, options)) results.push(result);
  return { results, sent };
}

const get = (response: Step['response'], more: Partial<Step> = {}): Step => ({
  name: 'reads',
  request: { method: 'GET', path: '/Users' },
  response,
  ...more,
});
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/scim+json' },
  });

describe('a step', () => {
  it.each<[string, Step['response'], Response]>([
    ['with the expected response', { status: 200, body: { a: 1 } }, json({ a: 1, b: 2 })],
    ['with one of several statuses', { status: [200, 204] }, new Response(null, { status: 204 })],
    [
      'with one of several beginnings of a header',
      { status: 200, headers: { 'content-type': ['text/plain', 'application/scim'] } },
      json({}),
    ],
    ['with an absent key', { status: 200, body: { a: null } }, json({})],
    ['with null for an absent key', { status: 200, body: { a: null } }, json({ a: null })],
    ['with an empty list for an absent key', { status: 200, body: { a: null } }, json({ a: [] })],
    ['with a list in another order', { status: 200, body: [1, { x: 2 }] }, json([{ x: 2 }, 1])],
    ['with a list that has more elements', { status: 200, body: { $has: [1] } }, json([2, 1])],
    [
      'with values of the expected kinds',
      {
        status: 200,
        body: {
          a: { $is: 'number' },
          b: { $is: 'text' },
          c: { $is: 'list' },
          d: { $is: 'boolean' },
        },
      },
      json({ a: 1, b: 'b', c: [], d: false }),
    ],
    [
      'with the beginning of a header',
      { status: 200, headers: { 'content-type': 'application/scim' } },
      json({}),
    ],
  ])('%s passes', async (_, expected, answer) => {
    const { results } = await play([get(expected)], [answer]);
    expect(results).toMatchObject([{ outcome: 'passed', problem: undefined }]);
  });

  const either: Step['response'] = {
    status: [200, 204],
    headers: { 'content-type': ['application/scim+json', 'application/json'] },
    body: { a: 1 },
  };
  const bare = () => new Response(null, { status: 204 });

  it('whose response may lack a body is checked by reading the resource', async () => {
    const patch = get(either, { request: { method: 'PATCH', path: '/Users/1?x=y' } });
    const done = await play([patch], [bare(), json({ a: 1 })]);
    expect(done.results).toMatchObject([{ outcome: 'passed', answer: { status: 204 } }]);
    expect(done.sent.map(({ url, init }) => `${init.method} ${url}`)).toEqual([
      'PATCH http://scim/Users/1?x=y',
      'GET http://scim/Users/1',
    ]);
    const undone = await play([patch], [bare(), json({ a: 2 })]);
    expect(undone.results).toMatchObject([
      { outcome: 'failed', problem: { expected: 'body read afterwards.a is 1' } },
    ]);
    const gone = await play([patch], [bare(), json({ detail: 'gone' }, 404)]);
    expect(gone.results).toMatchObject([
      { outcome: 'failed', problem: { actual: 'status 404 ("gone")' } },
    ]);
  });

  it('played strictly requires the body and the first of several headers', async () => {
    const [body] = (await play([get(either)], [bare()], { strict: true })).results;
    expect(body?.problem).toEqual({ expected: 'status 200', actual: 'status 204' });
    const other = new Response('{"a":1}', { headers: { 'content-type': 'application/json' } });
    const [type] = (await play([get(either)], [other], { strict: true })).results;
    expect(type?.problem?.expected).toBe('content-type is application/scim+json…');
    const whole = await play([get(either)], [json({ a: 1 })], { strict: true });
    expect(whole.results).toMatchObject([{ outcome: 'passed' }]);
  });

  it.each<[string, Step['response'], Response, string, string]>([
    [
      'with another status',
      { status: [200, 204] },
      json({ detail: 'gone' }, 404),
      'status 200 or 204',
      'status 404 ("gone")',
    ],
    [
      'with another value',
      { status: 200, body: { a: { b: 1 } } },
      json({ a: { b: 2 } }),
      'body.a.b is 1',
      'body.a.b is 2',
    ],
    ['without a value', { status: 200, body: { a: 1 } }, json({}), 'body.a is 1', 'no body.a'],
    [
      'with a key that should be absent',
      { status: 200, body: { a: null } },
      json({ a: [1] }),
      'no body.a',
      'body.a is [1]',
    ],
    [
      'with too long a list',
      { status: 200, body: { a: [1] } },
      json({ a: [1, 2] }),
      'body.a with 1 element',
      'body.a also has 2',
    ],
    [
      'with another element',
      { status: 200, body: { a: [{ x: 1 }] } },
      json({ a: [{ x: 2 }] }),
      'body.a[0].x is 1',
      'body.a[0].x is 2',
    ],
    [
      'with an element once that is expected twice',
      { status: 200, body: [1, 1] },
      json([1, 2]),
      'body with 1',
      'body is [1,2]',
    ],
    [
      'without one of several elements',
      { status: 200, body: { a: { $has: [1, 3] } } },
      json({ a: [1, 2] }),
      'body.a with 3',
      'body.a is [1,2]',
    ],
    [
      'with a value of another kind',
      { status: 200, body: { a: { $is: 'number' } } },
      json({ a: '1' }),
      'body.a is a number',
      'body.a is "1"',
    ],
    [
      'with a value that is not a list',
      { status: 200, body: [] },
      json({}),
      'body is a list',
      'body is {}',
    ],
    [
      'with a value that is not an object',
      { status: 200, body: {} },
      json([]),
      'body is an object',
      'body is []',
    ],
    [
      'without a body',
      { status: 200, body: { a: 1 } },
      new Response('oops'),
      'body is an object',
      'no body',
    ],
    [
      'with another header',
      { status: 200, headers: { 'content-type': 'application/scim+json' } },
      Response.json({}),
      'content-type is application/scim+json…',
      'content-type is "application/json"',
    ],
    [
      'without a header',
      { status: 200, headers: { location: 'https' } },
      json({}),
      'location is https…',
      'no location',
    ],
  ])('%s fails', async (_, response, answer, expected, actual) => {
    const { results } = await play([get(response)], [answer]);
    expect(results).toMatchObject([{ outcome: 'failed', problem: { expected, actual } }]);
  });

  it('uses captured values in its path, body and expectation', async () => {
    const { results, sent } = await play(
      [
        get({ status: 200 }, { capture: { alice: 'Resources.0.id', quote: 'quote' } }),
        {
          name: 'writes',
          request: {
            method: 'PUT',
            path: '/Users/{{alice}}',
            body: { id: '{{alice}}', q: '{{quote}}' },
          },
          response: { status: 200, body: { id: '{{alice}}' } },
        },
      ],
      [json({ Resources: [{ id: 'a-1' }], quote: 'say "hi"\n' }), json({ id: 'a-1' })],
    );
    expect(results.map(({ problem }) => problem)).toEqual([undefined, undefined]);
    expect(sent[1]).toMatchObject({
      url: 'http://scim/Users/a-1',
      init: {
        body: JSON.stringify({ id: 'a-1', q: 'say "hi"\n' }),
        headers: { authorization: 'Bearer t', 'user-agent': 'test' },
      },
    });
  });

  it('fails without the value it should capture, and only the steps that need it are skipped', async () => {
    const steps = [
      get({ status: 200 }, { name: 'creates', capture: { alice: 'id' } }),
      get({ status: 200 }, { request: { method: 'GET', path: '/Users/{{alice}}' } }),
      get({ status: 200 }),
    ];
    const { results, sent } = await play(steps, [json({}), json({})]);
    expect(results).toMatchObject([
      { outcome: 'failed', problem: { expected: 'body.id is a text', actual: 'no body.id' } },
      { outcome: 'skipped', reason: '"creates" returned no id' },
      { outcome: 'passed' },
    ]);
    expect(sent).toHaveLength(2);
  });

  it('fails without a response, and the remaining steps are skipped', async () => {
    const { results } = await play([get({ status: 200 }), get({ status: 200 })], []);
    expect(results).toMatchObject([
      { outcome: 'failed', answer: undefined, problem: { expected: 'a response' } },
      { outcome: 'skipped', reason: 'no response to "reads"' },
    ]);
  });

  it('fails after the time that the client waits for a response', async () => {
    const fetch = (_: unknown, { signal }: RequestInit = {}) =>
      new Promise<Response>((_, reject) => signal?.addEventListener('abort', () => reject()));
    const sequence = {
      client: 'Test',
      headers: {},
      timeoutSeconds: 0.01,
      steps: [get({ status: 200 })],
    };
    const results = [];
    for await (const result of playSequence(sequence, {
      baseUrl: 'http://scim',
      token: 't',
      fetch,
    })) {
      results.push(result);
    }
    expect(results).toMatchObject([{ problem: { actual: 'no response within 0.01 s' } }]);
  });

  it('can use the name of the run in lower and upper case', async () => {
    const step = get({ status: 200 }, { request: { method: 'GET', path: '/{{run}}/{{RUN}}' } });
    expect((await play([step], [json({})])).sent[0]?.url).toBe('http://scim/run/RUN');
  });
});
