/** Requests to a server on many connections, and on one. */
import type { Target } from '../stage/server.ts';
import { type Answer, Connection } from './connection.ts';
import { requestsTo } from './requests.ts';
import { percentile } from './statistics.ts';

/** The n-th request of a phase. */
export interface Job {
  readonly request: string;
  /** Throws if the answer is wrong. */
  readonly check?: (answer: Answer) => void;
}

export interface Round {
  readonly count: number;
  readonly milliseconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Refused or lost. */
  readonly errors: number;
  /** Of the answers that were checked. */
  readonly wrong: number;
  /** What the first wrong or refused request got. */
  readonly problem: string | undefined;
}

export interface Limits {
  readonly milliseconds: number;
  readonly connections: number;
  /** The number of requests, if fewer than the time allows. */
  readonly most?: number;
}

export const CONNECTIONS = 32;
/** So few answers are parsed that the generator hardly notices. */
const CHECK_EVERY = 64;

export class Load {
  readonly compose: ReturnType<typeof requestsTo>;
  readonly #targets: readonly Target[];
  readonly #connections: Connection[] = [];

  /** Connections are spread over the targets, which have the same path and token. */
  constructor(...targets: readonly [Target, ...Target[]]) {
    this.#targets = targets;
    this.compose = requestsTo(targets[0]);
  }

  connections(count: number): readonly Connection[] {
    while (this.#connections.length < count) {
      const target = this.#targets[this.#connections.length % this.#targets.length];
      this.#connections.push(new Connection(target?.base ?? ''));
    }
    return this.#connections.slice(0, count);
  }

  /** Sends requests on all connections until the time is over. */
  async run(job: (n: number) => Job, limits: Limits): Promise<Round> {
    const { milliseconds, connections, most = Number.POSITIVE_INFINITY } = limits;
    const times: number[] = [];
    let [errors, wrong, next] = [0, 0, 0];
    let problem: string | undefined;
    const begun = performance.now();
    const worker = async (connection: Connection) => {
      while (next < most && performance.now() - begun < milliseconds) {
        const n = next++;
        const { request, check } = job(n);
        const sent = performance.now();
        const answer = await connection.send(request).catch((error: unknown) => error);
        times.push(performance.now() - sent);
        const failed = failureOf(answer);
        if (failed !== undefined) {
          errors++;
          problem ??= failed;
        } else if (n % CHECK_EVERY === 0) {
          try {
            check?.(answer as Answer);
          } catch (error) {
            wrong++;
            problem ??= String(error);
          }
        }
      }
    };
    await Promise.all(this.connections(connections).map(worker));
    return {
      count: times.length,
      milliseconds: performance.now() - begun,
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      errors,
      wrong,
      problem,
    };
  }

  close(): void {
    for (const connection of this.#connections.splice(0)) connection.close();
  }
}

function failureOf(answer: unknown): string | undefined {
  if (answer instanceof Error) return answer.message;
  const { status, body } = answer as Answer;
  return status < 300 ? undefined : `${status} ${body.toString('utf8', 0, 200)}`;
}
