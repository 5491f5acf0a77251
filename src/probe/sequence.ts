/**
 * What an identity provider sends and which responses it needs, as data. The sequences are in
 * `sequences/*.json`.
 */
import type { JsonValue } from '../scim/json.ts';

/**
 * In any text of a request or an expected response, `{{name}}` stands for the value captured under
 * that name. Two names always have a value: `{{run}}`, which makes names unique, and `{{RUN}}`,
 * which is the same in upper case.
 */
export interface Step {
  readonly name: string;
  /** What the client does with the response, as a hint if the server responds differently. */
  readonly why?: string;
  readonly request: {
    readonly method: string;
    /** Relative to the endpoint, with the query. */
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: JsonValue;
  };
  readonly response: {
    /** A list if the client accepts any of several. */
    readonly status: number | readonly number[];
    /** How a header must begin; a list gives alternatives, of which the RFC's is the first. */
    readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    /**
     * What the body must contain (see findDifference). After a 204, a GET must read it instead, and
     * `headers` isn't checked.
     */
    readonly body?: JsonValue;
  };
  /** Name → path into the response, such as `id` or `Resources.0.id`. */
  readonly capture?: Readonly<Record<string, string>>;
}

export interface Sequence {
  /** Who sends this. */
  readonly client: string;
  /** Sent with every request. A step's own headers take precedence. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long the client waits for a response. The default is 60. */
  readonly timeoutSeconds?: number;
  readonly steps: readonly Step[];
}
