import { describe, expect, it } from 'vitest';
import { errorFromAnswer } from '../../src/kube/error-answer.ts';
import { ApiError, isDenied, isForbidden, isRefused } from '../../src/kube/errors.ts';

const answer = (code: number, message: string) =>
  errorFromAnswer(
    code,
    JSON.stringify({ kind: 'Status', reason: 'Forbidden', message }),
    undefined,
    'POST /secrets',
    true,
  );

describe('a refusal about a Secret', () => {
  it.each([
    [
      'secrets "idp" is forbidden: exceeded quota: small, requested: secrets=1, used: secrets=9, limited: secrets=9',
      'ResourceQuota small',
    ],
    [
      'secrets "idp" is forbidden: status unknown for quota: small, resources: secrets',
      'ResourceQuota small',
    ],
    [
      `secrets "idp" is forbidden: ValidatingAdmissionPolicy 'no.secrets' with binding 'all' denied request: hunter2`,
      'ValidatingAdmissionPolicy no.secrets',
    ],
    [
      'admission webhook "gate.example.com" denied the request: hunter2',
      'admission webhook gate.example.com',
    ],
    [
      'Internal error occurred: failed calling webhook "gate.example.com": failed to call webhook: Post "https://hunter2"',
      'admission webhook gate.example.com',
    ],
  ])('names the rule of the cluster and nothing else (%s)', (message, rule) => {
    const error = answer(403, message);
    expect(error.refusedBy).toBe(rule);
    expect(error.message).toBe(`POST /secrets: 403 refused by ${rule}`);
    expect([isRefused(error), isForbidden(error)]).toEqual([true, false]);
  });

  it('is distinguished from a missing permission', () => {
    const error = answer(403, 'secrets is forbidden: User "x" cannot create resource "secrets"');
    expect(error.message).toBe('POST /secrets: 403 Forbidden');
    expect([isRefused(error), isForbidden(error)]).toEqual([false, true]);
  });
});

describe("the API server's message about a Secret", () => {
  const said = (status: object) =>
    errorFromAnswer(422, JSON.stringify(status), undefined, 'PATCH /secrets/idp', true).message;
  const user = 'User "system:serviceaccount:ops:scim" cannot patch resource "secrets"';
  const invalid = (reason: string, message: string) => ({
    reason: 'Invalid',
    message: 'Secret "idp" is invalid: hunter2',
    details: { name: 'idp', causes: [{ reason, message, field: 'data' }] },
  });

  it.each<[string, object, string]>([
    [
      'an immutable Secret',
      invalid('FieldValueForbidden', 'Forbidden: field is immutable when `immutable` is set'),
      'Invalid: data: Forbidden: field is immutable when `immutable` is set',
    ],
    [
      'a Secret that is too large',
      invalid('FieldValueTooLong', 'Too long: may not be more than 1048576 bytes'),
      'Invalid: data: Too long: may not be more than 1048576 bytes',
    ],
    [
      'a missing permission',
      {
        reason: 'Forbidden',
        message: `secrets "idp" is forbidden: ${user} in API group "" in the namespace "acme"`,
      },
      `secrets "idp" is forbidden: ${user} in API group "" in the namespace "acme"`,
    ],
    [
      'that it is there',
      { reason: 'AlreadyExists', message: 'secrets "idp" already exists' },
      'secrets "idp" already exists',
    ],
  ])("is shown if it can't contain the Secret's values (%s)", (_, status, words) => {
    expect(said(status)).toBe(`PATCH /secrets/idp: 422 ${words}`);
  });

  it.each<[string, object, string]>([
    ['a value', invalid('FieldValueInvalid', 'Invalid value: "hunter2"'), 'Invalid'],
    [
      'an unsupported value',
      invalid('FieldValueNotSupported', 'Unsupported value: "hunter2"'),
      'Invalid',
    ],
    [
      'an unknown addition',
      { reason: 'Forbidden', message: 'secrets "idp" is forbidden: hunter2' },
      'Forbidden',
    ],
    ['only a message', { reason: 'BadRequest', message: 'hunter2' }, 'BadRequest'],
  ])("is not shown if it may quote the Secret's values (%s)", (_, status, words) => {
    expect(said(status)).toBe(`PATCH /secrets/idp: 422 ${words}`);
  });
});

describe('a denial', () => {
  it.each([
    [403, { reason: 'Forbidden' }],
    [422, { reason: 'Invalid' }],
    [400, { reason: 'BadRequest' }],
    [422, { reason: 'Invalid', refusedBy: 'ValidatingAdmissionPolicy x' }],
    [409, { reason: 'Conflict', refusedBy: 'admission webhook x' }],
    [500, { reason: 'InternalError', refusedBy: 'admission webhook x' }],
  ])('is %s %j', (code, details) => {
    expect(isDenied(new ApiError(code, 'no', details))).toBe(true);
  });

  it.each([
    [0, {}],
    [401, { reason: 'Unauthorized' }],
    [404, { reason: 'NotFound' }],
    [409, { reason: 'Conflict' }],
    [409, { reason: 'AlreadyExists' }],
    [410, { reason: 'Expired' }],
    [429, { reason: 'TooManyRequests' }],
    [503, {}],
    [403, { reason: 'Forbidden', causes: ['NamespaceTerminating'] }],
  ])('is not %s %j', (code, details) => {
    expect(isDenied(new ApiError(code, 'no', details))).toBe(false);
  });
});
