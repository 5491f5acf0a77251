/** What administrators see of requests, and what they don't see. */
import { describe, expect, it } from 'vitest';
import { generateToken } from '../../../src/directory/tokens.ts';
import { maskedBody } from '../../../src/scim-server/masking/body.ts';
import { maskedFilter } from '../../../src/scim-server/masking/filter.ts';
import { maskedTarget } from '../../../src/scim-server/masking/target.ts';
import { maskedText } from '../../../src/scim-server/masking/text.ts';

const nothing = () => undefined;
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl';

describe('a masked filter', () => {
  it.each([
    ['userName eq "ada@acme.example"', 'userName eq "…"'],
    [
      'emails[type eq "work" and value co "ada"] or active eq true',
      'emails[type eq "…" and value co "…"] or active eq true',
    ],
    [
      'not (externalId pr) and meta.lastModified gt "2026-01-01"',
      'not (externalId pr) and meta.lastModified gt "…"',
    ],
    ['emails[type eq "work"].value eq "a"', 'emails[type eq "…"].value eq "…"'],
    ['age eq 42', 'age eq …'],
    ['userName eq ada lovelace', 'userName eq … …'],
    ["userName eq 'ada'", 'userName eq …'],
    ['ada@acme.example', '…'],
    ['userName eq "ada \\"lovelace\\"" and', 'userName eq "…" and'],
    ['userName eq "ada', 'userName eq "…"'],
    ['userName ada', 'userName …'],
    ['userName eq "ada\\', 'userName eq "…"'],
    ['userName eq "a\\\nb" and', 'userName eq "…" and'],
  ])('shows the shape of %s', (filter, shown) => {
    expect(maskedFilter(filter, nothing)).toBe(shown);
  });
});

describe('a masked path', () => {
  it.each([
    ['', '/Users'],
    [
      'startIndex=1&count=100&sortOrder=descending',
      '/Users?startIndex=1&count=100&sortOrder=descending',
    ],
    ['attributes=userName,name.familyName', '/Users?attributes=userName,name.familyName'],
    [
      'filter=userName%20eq%20%22ada%22&aadOptscim062020',
      '/Users?filter=userName eq "…"&aadOptscim062020=',
    ],
    ['filter=userName+eq+%22ada%22', '/Users?filter=userName eq "…"'],
    ['cursor=abcdef&count=ada%40acme', '/Users?cursor=…&count=…'],
    ['q=ada&ada%40acme.example=1', '/Users?q=…&…=…'],
    ['sortBy=ada+1@acme.example%20x', '/Users?sortBy=…'],
  ])('with the query "%s" is %s', (query, shown) => {
    expect(maskedTarget('/Users', query, nothing)).toBe(shown);
  });

  it('tells which values it has hidden, as the server has read them', () => {
    const hidden: string[] = [];
    maskedTarget('/Users', 'sortBy=x%20ada+1@acme.example&q=a+b', (value) => hidden.push(value));
    expect(hidden).toEqual(['x ada+1@acme.example', 'a b']);
  });

  it('is cut off if it is long', () => {
    const target = maskedTarget(
      '/Users',
      `filter=${'a'.repeat(30)}${' or b'.repeat(300)}`,
      nothing,
    );
    expect(target.length).toBeLessThan(510);
  });
});

describe('a masked body', () => {
  const shown = (body: unknown, limit = 4_096) => maskedBody(body, limit).text;

  it('shows ordinary attributes as they were sent', () => {
    const body = {
      schemas: ['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'],
      userName: 'ada@acme.example',
      externalId: 'b5a2c96250612366ea272ffac6d9744aaf4b45aacd96aa7cfcb931ee3b558259',
      active: true,
      emails: [{ value: 'ada@acme.example', primary: true }],
      manager: null,
      members: [{ value: '0198c5d4-7f4e-7c2a-9d3b-1f2e3d4c5b6a' }],
    };
    expect(JSON.parse(shown(body))).toEqual(body);
  });

  it.each([
    { password: 'hunter2' },
    { Password: 'hunter2' },
    { newPassword: 'hunter2' },
    { apiKey: 'hunter2' },
    { client_secret: 'hunter2' },
    { 'urn:example:2.0:User': { accessToken: 'hunter2' } },
    { password: { value: 'hunter2' } },
    { password: ['hunter2'] },
    { Operations: [{ op: 'replace', path: 'password', value: 'hunter2' }] },
    { Operations: [{ op: 'replace', Value: 'hunter2', Path: 'PASSWORD' }] },
    { Operations: [{ op: 'replace', value: { password: 'hunter2' } }] },
    { Operations: [{ op: 'remove', path: 'password[value eq "hunter2"]' }] },
    { Operations: [{ method: 'POST', path: '/Users', data: { password: 'hunter2' } }] },
    { filter: 'password eq "hunter2"' },
    { note: `Bearer ${generateToken()}` },
    { note: generateToken() },
    { [generateToken()]: 1 },
    { externalId: generateToken() },
    { note: JWT },
    { note: `see ${JWT}, please` },
    { note: 'Basic aHVudGVyMjpodW50ZXIy' },
    { note: '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----' },
    { note: 'ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5' },
    {
      x509Certificates: [
        { value: 'MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMCVVMx' },
      ],
    },
  ])('hides the secret in %j', (body) => {
    const text = shown({ schemas: [PATCH], ...body });
    expect(text).toContain('…');
    expect(text).not.toMatch(/hunter2|scim_|eyJ|aHVudG|BEGIN|ghp_|MIID/);
    expect(JSON.parse(text)).toMatchObject({ schemas: [PATCH] });
  });

  it('tells which texts it has hidden', () => {
    const body = { password: 'hunter2', filter: 'userName eq "ada"' };
    expect(maskedBody(body, 4_096).secrets).toEqual(['hunter2', 'ada']);
  });

  it('has at most as many bytes as allowed, whatever is in it', () => {
    const members = Array.from({ length: 100_000 }, () => ({ value: 'ä'.repeat(20) }));
    for (const body of [{ members }, { note: 'ä'.repeat(100_000) }, 'x'.repeat(9_999)]) {
      expect(Buffer.byteLength(shown(body))).toBeLessThanOrEqual(4_096);
      expect(shown(body)).toMatch(/…$/);
    }
  });

  it('costs as much for a large body as for a small one', () => {
    const members = Array.from({ length: 200_000 }, (_, index) => ({ value: `${index}` }));
    const since = performance.now();
    for (let n = 0; n < 100; n++) shown({ members });
    expect((performance.now() - since) / 100).toBeLessThan(10);
  });

  it.each([
    ['beginnings of tokens', { a: Array(300).fill(`${'-ey'.repeat(2_729)}1`) }],
    [
      'keys that look like them',
      Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`${'-ey'.repeat(2_729)}${n}`, 1])),
    ],
    ['a filter with quotes', { filter: `"${'\\"'.repeat(200_000)}\\` }],
    ['words without an end', { a: Array(300).fill('a'.repeat(9_000)) }],
    ['arrays in JSON text', { a: Array(300).fill('['.repeat(4_000) + ']'.repeat(4_000)) }],
  ])('costs little for %s', (_, body) => {
    const since = performance.now();
    expect(shown(body)).toMatch(/…/);
    expect(performance.now() - since).toBeLessThan(1_000);
  });

  it.each([
    [{ value: '{"password":"hunter2"}' }, '{"value":"{\\"password\\":\\"…\\"}"}'],
    [{ value: ' [{"note":"{\\"token\\":\\"hunter2\\"}"}]' }, undefined],
    [{ value: '{"password":"hunter2"' }, '{"value":"…"}'],
    [{ value: JSON.stringify('{"password":"hunter2"}') }, undefined],
    [{ value: 'value: {"password":"hunter2"}' }, '{"value":"…"}'],
    [{ value: '{"pass\\u0077ord":"hunter2"' }, '{"value":"…"}'],
    [{ value: "{'password': 'hunter2'}" }, '{"value":"…"}'],
    [{ value: '{password=hunter2, userName=ada}' }, '{"value":"…"}'],
    [{ value: `["hunter2","${'a '.repeat(5_000)}","password"]` }, '{"value":"…"}'],
    [{ value: `{"password":"hunter2","note":"${'a '.repeat(5_000)}"}` }, '{"value":"…"}'],
  ])('hides a secret in JSON text: %j', (body, expected) => {
    const masked = maskedBody(body, 4_096);
    expect(masked.text).not.toContain('hunter2');
    if (expected !== undefined) expect(masked.text).toBe(expected);
  });

  it('tells which texts it has hidden in JSON text', () => {
    expect(maskedBody({ value: '{"password":"hunter2"}' }, 4_096).secrets).toEqual(['hunter2']);
  });

  it('hides a secret that the limit would cut', () => {
    for (let length = 8_000; length < 8_300; length += 7) {
      const note = `${'a '.repeat(length / 2)}${generateToken()}`;
      expect(maskedText(note)).not.toContain('scim_');
    }
  });
});
