import { describe, expect, it } from 'vitest';
import { MAX_ANSWERS, MAX_ANSWERS_OF_INTEGRATION } from '../../src/scim/limits.ts';
import { toResponse } from '../../src/scim-server/answer.ts';
import { HeldAnswers } from '../../src/scim-server/memory-shares.ts';

/** A response that is not read yet. */
const respond = (answers: HeldAnswers, integrationId: string, bytes: number) => {
  const long = answers.hold(integrationId, { bytes, parts: () => ['{', '}'] });
  return toResponse({ status: 200, long }, 'request');
};
const refusal = (answers: HeldAnswers, integrationId: string) => {
  try {
    answers.check(integrationId);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('long responses that nobody reads', () => {
  it('keep their integration from asking for more, and no other', async () => {
    const answers = new HeldAnswers();
    const response = respond(answers, 'a', MAX_ANSWERS_OF_INTEGRATION + 1);
    expect(refusal(answers, 'a')).toMatchObject({ status: 429, retryAfter: 5 });
    expect(refusal(answers, 'b')).toBeUndefined();
    expect(await response.text()).toBe('{}');
    expect(refusal(answers, 'a')).toBeUndefined();
  });

  it('of one integration leave others their share, however long they are', async () => {
    const answers = new HeldAnswers();
    const response = respond(answers, 'a', 2 * MAX_ANSWERS);
    expect(refusal(answers, 'b')).toBeUndefined();
    await response.text();
    expect(refusal(answers, 'a')).toBeUndefined();
    const others = ['b', 'c'].map((id) => respond(answers, id, MAX_ANSWERS_OF_INTEGRATION));
    expect(refusal(answers, 'd')).toBeUndefined();
    for (const other of others) await other.text();
  });

  it("don't count any more after one of them failed", async () => {
    const answers = new HeldAnswers();
    const failing = {
      bytes: 2 * MAX_ANSWERS,
      parts: function* () {
        yield '{';
        throw new Error('broken');
      },
    };
    const long = answers.hold('a', failing);
    const response = toResponse({ status: 200, long }, 'request');
    await expect(response.text()).rejects.toThrow();
    expect(refusal(answers, 'a')).toBeUndefined();
  });

  it('count until their client has gone', async () => {
    const answers = new HeldAnswers();
    const response = respond(answers, 'a', MAX_ANSWERS_OF_INTEGRATION + 1);
    await response.body?.cancel();
    expect(refusal(answers, 'a')).toBeUndefined();
  });

  it('of many integrations keep the others from asking for more', async () => {
    const answers = new HeldAnswers();
    const responses = ['a', 'b', 'c'].map((id) => respond(answers, id, MAX_ANSWERS / 3 + 1));
    expect(refusal(answers, 'd')).toMatchObject({ status: 503, retryAfter: 5 });
    await responses[0]?.text();
    expect(refusal(answers, 'd')).toBeUndefined();
  });
});
