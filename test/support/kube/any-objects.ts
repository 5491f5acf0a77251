/** Server-side apply of texts with objects of any kind, validated strictly, as kubectl does it. */
import { loadYaml } from '@kubernetes/client-node';
import { request } from 'undici';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import { type KubeObject, type ResourceDefinition, urlPathOf } from '../../../src/kube/resource.ts';
import { TEST_MANAGER } from './cluster.ts';

interface Typed extends KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
}

interface Discovered {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export class AnyObjects {
  readonly #connection: Connection;
  readonly #namespace: string;
  readonly #resources = new Map<string, ResourceDefinition>();

  /** `namespace` is that of objects that name none. */
  constructor(kubeconfig: string, namespace: string) {
    this.#connection = new Connection(loadKubeConfig(kubeconfig));
    this.#namespace = namespace;
  }

  /** Each document in order. Rejects with what the API server said of the first that it refused. */
  async apply(yaml: string, { dryRun = false } = {}): Promise<void> {
    for (const text of documentsIn(yaml)) {
      const object = loadYaml<Typed>(text);
      const resource = await this.#resourceOf(object);
      const { name, namespace = this.#namespace } = object.metadata;
      const path = urlPathOf(resource, resource.namespaced ? { namespace, name } : { name });
      const query = `fieldManager=${TEST_MANAGER}&force=true&fieldValidation=Strict`;
      const url = `${path}?${query}${dryRun ? '&dryRun=All' : ''}`;
      await this.#call('PATCH', url, text, `${object.kind} ${name}`);
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #resourceOf({ apiVersion, kind }: Typed): Promise<ResourceDefinition> {
    const known = this.#resources.get(`${apiVersion} ${kind}`);
    if (known !== undefined) return known;
    const [version = '', group = ''] = apiVersion.split('/').toReversed();
    const path = group === '' ? `/api/${version}` : `/apis/${apiVersion}`;
    const { resources } = (await this.#call('GET', path, null, kind)) as {
      resources: readonly Discovered[];
    };
    const found = resources.find((each) => each.kind === kind && !each.name.includes('/'));
    if (found === undefined) throw new Error(`there is no ${kind} in ${apiVersion}`);
    const { name: plural, namespaced } = found;
    const resource = { group, version, plural, kind, namespaced };
    this.#resources.set(`${apiVersion} ${kind}`, resource);
    return resource;
  }

  async #call(
    method: 'GET' | 'PATCH',
    path: string,
    body: string | null,
    about: string,
  ): Promise<unknown> {
    const { dispatcher, headers } = await this.#connection.access();
    const { statusCode, body: answer } = await request(`${this.#connection.server}${path}`, {
      method,
      dispatcher,
      headers: {
        ...headers,
        ...(body === null ? {} : { 'content-type': 'application/apply-patch+yaml' }),
      },
      body,
    });
    const json = (await answer.json()) as { message?: string };
    if (statusCode >= 300) throw new Error(`${about}: ${statusCode} ${json.message}`);
    return json;
  }
}

/** The documents that are not empty. */
export function documentsIn(yaml: string): readonly string[] {
  return yaml.split(/^---.*$/m).filter((text) => /^[^#\s]/m.test(text));
}

/** A CRD of another project, which takes every field. */
export function stubCrd(
  group: string,
  version: string,
  kind: string,
  plural: string,
  scope: 'Cluster' | 'Namespaced' = 'Namespaced',
): string {
  return JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      // Without it, the API server takes no CRD of a group of k8s.io.
      annotations: { 'api-approved.kubernetes.io': 'unapproved, a stub of a test' },
    },
    spec: {
      group,
      scope,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  });
}
