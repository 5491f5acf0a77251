/** A point in which identity providers differ, and the tenant that each check gets for itself. */
import { expect } from 'vitest';
import type { JsonObject } from '../../../src/scim/json.ts';
import type {
  ScimAnswer,
  ScimClient,
  ScimServer,
  SendOptions,
} from '../../support/scim-server/server.ts';

export const U = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const G = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const E = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
export const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';
export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
export const MICROSOFT_GROUP =
  'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';

export interface Point {
  /** The clients that send or need it. */
  readonly who: string;
  readonly title: string;
  check(at: Tenant): Promise<void>;
}

export class Tenant {
  readonly server: ScimServer;
  readonly client: ScimClient;
  #names = 0;

  constructor(server: ScimServer, client: ScimClient) {
    this.server = server;
    this.client = client;
  }

  send(method: string, path: string, body?: unknown, options?: SendOptions): Promise<ScimAnswer> {
    return this.client.send(method, path, body, options);
  }

  get(path: string): Promise<ScimAnswer> {
    return this.send('GET', path);
  }

  put(path: string, body: unknown): Promise<ScimAnswer> {
    return this.send('PUT', path, body);
  }

  patch(path: string, ...Operations: readonly object[]): Promise<ScimAnswer> {
    return this.send('PATCH', path, { schemas: [PATCH_OP], Operations });
  }

  delete(path: string): Promise<ScimAnswer> {
    return this.send('DELETE', path);
  }

  newName(): string {
    return `name-${++this.#names}`;
  }

  /** Creates a user. Fails the test if that fails. */
  async user(more: object = {}): Promise<ScimAnswer> {
    const answer = await this.send('POST', '/Users', { userName: this.newName(), ...more });
    expect(answer.status, answer.text).toBe(201);
    return answer;
  }

  async group(members: readonly string[] = [], more: object = {}): Promise<ScimAnswer> {
    const answer = await this.send('POST', '/Groups', {
      displayName: this.newName(),
      members: members.map((value) => ({ value })),
      ...more,
    });
    expect(answer.status, answer.text).toBe(201);
    return answer;
  }

  /** The ids of a group's members, sorted. */
  async members(id: string): Promise<readonly string[]> {
    const { body } = await this.get(`/Groups/${id}`);
    return resources(body.members)
      .map(({ value }) => String(value))
      .sort();
  }

  /** The ids that a filter finds. Fails the test if the response is not a list. */
  async find(type: 'Users' | 'Groups', query: string): Promise<readonly string[]> {
    const { status, body, text } = await this.get(`/${type}?${query}`);
    expect(status, text).toBe(200);
    const found = resources(body.Resources);
    expect(body).toMatchObject({ schemas: [LIST], totalResults: found.length });
    return found.map(({ id }) => String(id));
  }
}

export function resources(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? list : [];
}
