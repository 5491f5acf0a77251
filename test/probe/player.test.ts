/** The player of sequences, against a fetch that answers from a script: it finds what is wrong, and fills in what it captured. */
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
): Promise<{ results: StepResult[]; sent: Sent[] }> {
  const sent: Sent[] = [];
  const script = [...answers];
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    sent.push({ url: String(url), init });
    return script.shift() ?? new Response(null, { status: 500 });
  };
  const results: StepResult[] = [];
  const options = { baseUrl: 'http://scim', token: 't', fetch };
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
  it.each<[string, Step['response'], Response, string | undefined]>([
    ['that goes as expected', { status: 200, body: { a: 1 } }, json({ a: 1, b: 2 }), undefined],
    [
      'with one of the statuses',
      { status: [200, 204] },
      new Response(null, { status: 204 }),
      undefined,
    ],
    [
      'with another status',
      { status: 200 },
      json({ detail: 'gone' }, 404),
      'the status should be 200, not 404 (gone)',
    ],
    [
      'with another value',
      { status: 200, body: { a: { b: 1 } } },
      json({ a: { b: 2 } }),
      'the body.a.b should be 1, not 2',
    ],
    [
      'without a value',
      { status: 200, body: { a: 1 } },
      json({}),
      'the body.a should be 1, not undefined',
    ],
    [
      'with a key that should be absent',
      { status: 200, body: { a: null } },
      json({ a: [] }),
      'the body.a should be absent',
    ],
    ['with an absent key', { status: 200, body: { a: null } }, json({}), undefined],
    [
      'with a list too long',
      { status: 200, body: { a: [1] } },
      json({ a: [1, 2] }),
      'the body.a should have 1 elements, not 2',
    ],
    [
      'with another element',
      { status: 200, body: { a: [{ x: 1 }] } },
      json({ a: [{ x: 2 }] }),
      'the body.a[0].x should be 1, not 2',
    ],
    [
      'with something else than a list',
      { status: 200, body: [] },
      json({}),
      'the body should be a list',
    ],
    [
      'with something else than an object',
      { status: 200, body: {} },
      json([]),
      'the body should be an object',
    ],
    [
      'without a body',
      { status: 200, body: { a: 1 } },
      new Response('oops'),
      'the body should be an object',
    ],
    [
      'with the beginning of a header',
      { status: 200, headers: { 'content-type': 'application/scim' } },
      json({}),
      undefined,
    ],
    [
      'with another header',
      { status: 200, headers: { location: 'https' } },
      json({}),
      'location should begin with https, not be ""',
    ],
  ])('%s is judged', async (_, expected, answer, problem) => {
    const { results } = await play([get(expected)], [answer]);
    expect(results.map((result) => result.problem)).toEqual([problem]);
  });

  it('gets captured values into path, body and expectation', async () => {
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

  it('is a problem when what it should capture is missing, and the sequence can’t go on', async () => {
    const steps = [
      get({ status: 200 }, { capture: { alice: 'id' } }),
      get({ status: 200 }, { request: { method: 'GET', path: '/Users/{{alice}}' } }),
    ];
    const { results } = await play(steps.slice(0, 1), [json({})]);
    expect(results[0]?.problem).toBe('the body should have id');
    await expect(play(steps, [json({}), json({})])).rejects.toThrow('nothing captured as alice');
  });
});
