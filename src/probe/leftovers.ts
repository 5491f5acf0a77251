/** Records what a run created, so that it can be deleted whatever happens. */
import { isJsonObject, type JsonValue } from '../scim/json.ts';
import { type Endpoint, exchange, NoAnswerError } from './exchange.ts';
import { describeStatus, type StepResult } from './player.ts';

const TIMEOUT_SECONDS = 10;

/** Collection → the attribute that holds the name of its resources. */
const NAMED_BY = { '/Groups': 'displayName', '/Users': 'userName' } as const;
type Collection = keyof typeof NAMED_BY;

interface LeftBehind {
  /** Relative to the endpoint. If the id is unknown, the path of the collection. */
  readonly path: string;
  readonly name: string;
  readonly reason: string;
}

export interface Cleanup {
  readonly deleted: number;
  readonly left: readonly LeftBehind[];
}

interface Named {
  readonly collection: Collection;
  readonly name: string;
}

export class Leftovers {
  readonly #created = new Map<string, Named>();
  /** Name → what may have been created: the response had no id, or none came. */
  readonly #doubtful = new Map<string, Named>();

  note({ step, outcome, answer }: StepResult): void {
    if (outcome === 'skipped') return;
    const { method, body } = step.request;
    const path = step.request.path.replace(/\/{2,}/g, '/');
    if (method === 'DELETE' && (answer?.status === 404 || isSuccess(answer?.status))) {
      this.#created.delete(path);
    }
    if (method !== 'POST' || !(path === '/Users' || path === '/Groups') || !isJsonObject(body))
      return;
    const named = { collection: path, name: String(body[NAMED_BY[path]]) } as const;
    const id = isJsonObject(answer?.body) ? answer.body.id : undefined;
    const hasId = typeof id === 'string' || typeof id === 'number';
    if (isSuccess(answer?.status) && hasId) this.#created.set(`${path}/${id}`, named);
    else if (answer === undefined || answer.status < 300 || answer.status >= 500) {
      this.#doubtful.set(named.name, named);
    }
  }

  /** Deletes everything, groups first. Doesn't throw if the endpoint refuses or doesn't respond. */
  async cleanUp(endpoint: Endpoint): Promise<Cleanup> {
    const left: LeftBehind[] = [];
    for (const named of this.#doubtful.values()) {
      const found = await attempt(() => lookUp(endpoint, named));
      if (typeof found === 'string') {
        const reason = `it may exist: its creation got no proper response, nor did the lookup: ${found}`;
        left.push({ path: named.collection, name: named.name, reason });
      } else for (const path of found) this.#created.set(path, named);
    }
    let deleted = 0;
    // Sorting by path puts /Groups before /Users.
    const all = [...this.#created].sort(([one], [other]) => one.localeCompare(other));
    for (const [path, { name }] of all) {
      const refusal = await attempt(() => remove(endpoint, path));
      if (refusal === undefined) deleted++;
      else left.push({ path, name, reason: refusal });
    }
    return { deleted, left };
  }
}

function isSuccess(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

/** Returns the message of a NoAnswerError instead of throwing it. */
async function attempt<T>(action: () => Promise<T>): Promise<T | string> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof NoAnswerError) return error.message;
    throw error;
  }
}

/** Returns undefined if the resource is gone, otherwise the reason why it isn't. */
async function remove(endpoint: Endpoint, path: string): Promise<string | undefined> {
  const { status, body } = await exchange(endpoint, { method: 'DELETE', path }, TIMEOUT_SECONDS);
  return isSuccess(status) || status === 404 ? undefined : `status ${describeStatus(status, body)}`;
}

/** Ignores case, because some servers store names in lower case. */
function isNamed(held: JsonValue | undefined, name: string): boolean {
  return typeof held === 'string' && held.toLowerCase() === name.toLowerCase();
}

/**
 * Returns the paths of the resources with exactly this name, because a server may ignore the
 * filter. If the lookup fails, it returns the reason.
 */
async function lookUp(
  endpoint: Endpoint,
  { collection, name }: Named,
): Promise<readonly string[] | string> {
  const attribute = NAMED_BY[collection];
  const filter = encodeURIComponent(`${attribute} eq ${JSON.stringify(name)}`);
  const path = `${collection}?filter=${filter}`;
  const { status, body } = await exchange(endpoint, { method: 'GET', path }, TIMEOUT_SECONDS);
  if (status !== 200 || !isJsonObject(body)) return `status ${describeStatus(status, body)}`;
  const resources = Array.isArray(body.Resources) ? body.Resources.filter(isJsonObject) : [];
  return resources
    .filter((each) => isNamed(each[attribute], name) && typeof each.id === 'string')
    .map(({ id }) => `${collection}/${String(id)}`);
}
