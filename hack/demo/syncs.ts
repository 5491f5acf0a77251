/**
 * Two small syncs in the dialects of Okta and Microsoft Entra ID. Unlike the sequences of the
 * probe, they keep what they create, so that there is something to look at.
 */
import type { Sequence } from '../../src/probe/sequence.ts';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const PATCH = { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'] };

const match = (attribute: string, value: string) =>
  `filter=${encodeURIComponent(`${attribute} eq "${value}"`)}`;

const created = { status: 201, headers: { 'content-type': 'application/scim+json' } };
const notThere = { status: 200, body: { totalResults: 0 } };

const oktaUser = (givenName: string, familyName: string, userName: string) => ({
  schemas: [USER],
  userName,
  name: { givenName, familyName },
  emails: [{ primary: true, value: userName, type: 'work' }],
  displayName: `${givenName} ${familyName}`,
  locale: 'en-US',
  externalId: `00u-${userName}`,
  groups: [],
  active: true,
});

export const OKTA: Sequence = {
  client: 'Okta',
  headers: { 'user-agent': 'Okta SCIM Client 1.0.0' },
  steps: [
    {
      name: 'tests the connection',
      request: { method: 'GET', path: '/Users?startIndex=1&count=2' },
      response: { status: 200, body: { startIndex: 1 } },
    },
    {
      name: 'looks for ada@acme.example',
      request: {
        method: 'GET',
        path: `/Users?${match('userName', 'ada@acme.example')}&startIndex=1&count=100`,
      },
      response: notThere,
    },
    {
      name: 'creates Ada',
      request: {
        method: 'POST',
        path: '/Users',
        body: oktaUser('Ada', 'Lovelace', 'ada@acme.example'),
      },
      response: created,
      capture: { ada: 'id' },
    },
    {
      name: 'creates Grace',
      request: {
        method: 'POST',
        path: '/Users',
        body: oktaUser('Grace', 'Hopper', 'grace@acme.example'),
      },
      response: created,
      capture: { grace: 'id' },
    },
    {
      name: 'pushes the group Engineering',
      request: {
        method: 'POST',
        path: '/Groups',
        body: { schemas: [GROUP], displayName: 'Engineering', members: [] },
      },
      response: created,
      capture: { engineering: 'id' },
    },
    {
      name: 'adds both to Engineering',
      request: {
        method: 'PATCH',
        path: '/Groups/{{engineering}}',
        body: {
          ...PATCH,
          Operations: [
            { op: 'add', path: 'members', value: [{ value: '{{ada}}' }, { value: '{{grace}}' }] },
          ],
        },
      },
      response: { status: 204 },
    },
    {
      name: 'deactivates Grace, who left',
      request: {
        method: 'PATCH',
        path: '/Users/{{grace}}',
        body: { ...PATCH, Operations: [{ op: 'replace', value: { active: false } }] },
      },
      response: { status: 200, body: { active: false } },
    },
  ],
};

export const ENTRA: Sequence = {
  client: 'Microsoft Entra ID',
  headers: {},
  steps: [
    {
      name: 'tests the connection with a random userName',
      request: {
        method: 'GET',
        path: `/Users?${match('userName', '6a0d3f9e-0000-4000-8000-1b2c3d4e5f60')}`,
      },
      response: notThere,
    },
    {
      name: 'creates Katherine, with her department',
      request: {
        method: 'POST',
        path: '/Users',
        body: {
          schemas: [USER, ENTERPRISE],
          externalId: 'katherine',
          userName: 'katherine@acme.example',
          active: true,
          emails: [{ primary: true, type: 'work', value: 'katherine@acme.example' }],
          name: { givenName: 'Katherine', familyName: 'Johnson' },
          [ENTERPRISE]: { department: 'Research' },
          roles: [],
        },
      },
      response: created,
      capture: { katherine: 'id' },
    },
    {
      name: 'finds Ada, whom Okta created',
      request: { method: 'GET', path: `/Users?${match('userName', 'ADA@acme.example')}` },
      response: { status: 200, body: { totalResults: 1 } },
      capture: { ada: 'Resources.0.id' },
    },
    {
      name: "makes Ada Katherine's manager and adds a phone",
      request: {
        method: 'PATCH',
        path: '/Users/{{katherine}}',
        body: {
          ...PATCH,
          Operations: [
            { op: 'Add', path: `${ENTERPRISE}:manager`, value: '{{ada}}' },
            { op: 'Add', path: 'phoneNumbers[type eq "work"].value', value: '+1 555 0100' },
          ],
        },
      },
      response: { status: 200 },
    },
    {
      name: 'creates the group Research',
      request: {
        method: 'POST',
        path: '/Groups',
        body: { schemas: [GROUP], externalId: 'research', displayName: 'Research' },
      },
      response: created,
      capture: { research: 'id' },
    },
    {
      name: 'adds Katherine to Research',
      request: {
        method: 'PATCH',
        path: '/Groups/{{research}}',
        body: {
          ...PATCH,
          Operations: [
            { op: 'Add', path: 'members', value: [{ $ref: null, value: '{{katherine}}' }] },
          ],
        },
      },
      response: { status: 204 },
    },
  ],
};
