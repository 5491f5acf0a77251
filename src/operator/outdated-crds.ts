/**
 * Checks whether the CRDs in the cluster are as new as the operator. An older CRD silently drops
 * fields that the operator writes.
 */
import { VERSION } from '../crd/names.ts';
import { pause } from '../kube/backoff.ts';
import type { Client } from '../kube/client.ts';
import { isForbidden, isNotFound } from '../kube/errors.ts';
import { CUSTOM_RESOURCE_DEFINITIONS, type KubeObject } from '../kube/resource.ts';
import type { Logger } from '../logger.ts';
import type { OperatorMetrics } from './metrics.ts';

export interface CrdSchema {
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly items?: CrdSchema;
  readonly enum?: readonly unknown[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string }[];
}

export interface Definition extends KubeObject {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly schema?: { readonly openAPIV3Schema?: CrdSchema };
    }[];
  };
}

const RECHECK_MS = 10_000;
/** Number of missing fields that the message lists. */
const MAX_SHOWN = 5;

/**
 * Returns the paths of the fields, values and rules that are missing. Additional ones may belong to
 * a newer operator.
 */
export function lackingIn(actual: Definition, wanted: Definition): readonly string[] {
  return lacking(schemaOf(actual), schemaOf(wanted), '');
}

const schemaOf = ({ spec }: Definition): CrdSchema =>
  spec.versions.find(({ name }) => name === VERSION)?.schema?.openAPIV3Schema ?? {};

function lacking(actual: CrdSchema, wanted: CrdSchema, path: string): readonly string[] {
  const rules = actual['x-kubernetes-validations']?.map(({ rule }) => rule) ?? [];
  const hasRules = (wanted['x-kubernetes-validations'] ?? []).every(({ rule }) =>
    rules.includes(rule),
  );
  const hasValues = (wanted.enum ?? []).every((value) => actual.enum?.includes(value));
  const fields = Object.entries(wanted.properties ?? {}).flatMap(([name, each]) => {
    const field = path === '' ? name : `${path}.${name}`;
    const present = actual.properties?.[name];
    return present === undefined ? [field] : lacking(present, each, field);
  });
  return [
    ...(hasRules ? [] : [`a rule on ${path || 'the whole object'}`]),
    ...(hasValues ? [] : [`a value of ${path}`]),
    ...fields,
    ...(wanted.items ? lacking(actual.items ?? {}, wanted.items, `${path}[]`) : []),
  ];
}

interface DefinitionsOptions {
  readonly client: Client;
  readonly wanted: readonly Definition[];
  readonly metrics: Pick<OperatorMetrics, 'outdatedDefinitions'>;
  readonly log: Logger;
}

/** The result of the check at startup, and of the checks that follow while a CRD is outdated. */
export class Definitions {
  readonly #options: DefinitionsOptions;
  readonly #outdated = new Map<string, string>();

  constructor(options: DefinitionsOptions) {
    this.#options = options;
  }

  /** A message about a CRD that is older than the operator; undefined while none is known to be. */
  unready(): string | undefined {
    const [first] = this.#outdated.values();
    return first;
  }

  /** Checks until all CRDs are up to date, or the signal aborts. Never rejects. */
  async check(signal: AbortSignal): Promise<void> {
    let open = this.#options.wanted;
    while (open.length > 0 && !signal.aborted) {
      const settled = await Promise.all(open.map((wanted) => this.#isCurrent(wanted)));
      open = open.filter((_, index) => !settled[index]);
      if (open.length > 0) await pause(RECHECK_MS, signal);
    }
  }

  /** Also true if it can't be known. A missing CRD is reported by its watch. */
  async #isCurrent(wanted: Definition): Promise<boolean> {
    const { client, log } = this.#options;
    const { name } = wanted.metadata;
    try {
      const installed = await client.get<Definition>(CUSTOM_RESOURCE_DEFINITIONS, { name });
      return this.#note(name, lackingIn(installed, wanted));
    } catch (error) {
      if (isForbidden(error))
        log.info({ crd: name }, 'CRD was not compared, because the operator may not read it');
      return isForbidden(error) || isNotFound(error, name);
    }
  }

  #note(name: string, lacks: readonly string[]): boolean {
    const { metrics, log } = this.#options;
    metrics.outdatedDefinitions.set({ crd: name }, lacks.length > 0 ? 1 : 0);
    if (lacks.length === 0) {
      if (this.#outdated.delete(name)) log.info({ crd: name }, 'CRD is up to date');
      return true;
    }
    const more = lacks.length > MAX_SHOWN ? ` and ${lacks.length - MAX_SHOWN} more` : '';
    const shown = `${lacks.slice(0, MAX_SHOWN).join(', ')}${more}`;
    const reason =
      `the CRD ${name} is older than the operator and lacks ${shown}; apply the CRDs that ` +
      '"scim-operator crds" of this version prints';
    if (!this.#outdated.has(name)) log.error({ crd: name, lacks: shown }, reason);
    this.#outdated.set(name, reason);
    return false;
  }
}
