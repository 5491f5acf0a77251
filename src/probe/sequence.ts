/**
 * What an identity provider sends and what it needs to get back, as data: `sequences/*.json` hold
 * such sequences.
 */
import type { JsonValue } from '../scim/json.ts';

/**
 * `{{name}}` in any text of a request or an expected answer stands for the value captured under the
 * name. Two are always there:
 * `{{run}}`, which makes names unique, and `{{RUN}}`, the same in upper case.
 */
export interface Step {
  readonly name: string;
  /** What the client makes of the answer, for the person whose server answers something else. */
  readonly why?: string;
  readonly request: {
    readonly method: string;
    /** Below the endpoint, with the query. */
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: JsonValue;
  };
  readonly response: {
    /** One of these, where clients are content with either. */
    readonly status: number | readonly number[];
    /** Beginnings of header values, one of them where there are several; the first is the RFC's. */
    readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    /**
     * What the answer must have, see findDifference; where it is 204, what a GET then reads. The
     * headers are those of a body.
     */
    readonly body?: JsonValue;
  };
  /** Name → path into the answer, such as `id` or `Resources.0.id`. */
  readonly capture?: Readonly<Record<string, string>>;
}

export interface Sequence {
  /** Who sends this. */
  readonly client: string;
  /** Sent with every request; a step's own win. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long the client waits for an answer; 60 unless told. */
  readonly timeoutSeconds?: number;
  readonly steps: readonly Step[];
}
