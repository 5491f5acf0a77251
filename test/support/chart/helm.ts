/** helm on the chart of this repository. */
import { loadYaml } from '@kubernetes/client-node';
import { beforeAll } from 'vitest';
import { kubernetesVersion } from '../../../hack/control-plane/versions.ts';
import { HELM_MAJORS, type HelmMajor, helmProgram } from '../../../hack/helm/programs.ts';
import type { KubeObject } from '../../../src/kube/resource.ts';
import { documentsIn } from '../kube/any-objects.ts';
import { outputOf } from '../program-output.ts';

const CHART = 'charts/scim-operator';
/** Of the release and of its namespace. */
export const RELEASE = 'scim-operator';

export const BOTH_HELMS = HELM_MAJORS;

const BUILD_MS = 15 * 60_000;

/** Builds them, if nobody has, before a test waits for them. */
export function useHelm(): void {
  beforeAll(async () => {
    for (const major of HELM_MAJORS) await helmProgram(major);
  }, BUILD_MS);
}

export type Values = Readonly<Record<string, unknown>>;

/** What a test reads of an object that was rendered. */
export interface Rendered extends KubeObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
  readonly rules?: unknown;
  readonly subjects?: unknown;
}

export interface HelmOptions {
  readonly release?: string;
  readonly namespace?: string;
  /** Of the cluster; without one, helm knows no cluster. */
  readonly kubeconfig?: string;
  readonly args?: readonly string[];
}

export class Helm {
  readonly major: HelmMajor;

  constructor(major: HelmMajor) {
    this.major = major;
  }

  /** The YAML that helm renders. Rejects with ProgramError. */
  template(values: Values, { args = [], ...options }: HelmOptions = {}): Promise<string> {
    const withVersion = [`--kube-version=${kubernetesVersion()}`, ...args];
    return this.onChart('template', values, { ...options, args: withVersion });
  }

  async objects(values: Values, options?: HelmOptions): Promise<readonly Rendered[]> {
    return objectsIn(await this.template(values, options));
  }

  /** `install`, `upgrade` or `template` of the chart. */
  onChart(verb: string, values: Values, options: HelmOptions = {}): Promise<string> {
    const { release = RELEASE, args = [] } = options;
    return this.run([verb, release, CHART, '--values', '-', ...args], options, values);
  }

  async run(
    args: readonly string[],
    { namespace = RELEASE, kubeconfig }: HelmOptions,
    values: Values = {},
  ): Promise<string> {
    const program = await helmProgram(this.major);
    const env = {
      ...process.env,
      KUBECONFIG: kubeconfig ?? '/dev/null',
      HELM_NAMESPACE: namespace,
      HELM_DRIVER: 'secret',
    };
    return outputOf(program, args, { env, input: JSON.stringify(values) });
  }
}

export function objectsIn(yaml: string): readonly Rendered[] {
  return documentsIn(yaml).map((text) => loadYaml<Rendered>(text));
}

/** The one object of the kind and, where there are several, of the name. */
export function only(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const found = objects.filter(
    (each) => each.kind === kind && (name === undefined || each.metadata.name === name),
  );
  const [object] = found;
  if (object === undefined || found.length > 1)
    throw new Error(`${found.length} objects are a ${kind} ${name ?? ''}`);
  return object;
}
