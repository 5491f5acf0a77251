/**
 * What only a process with the operator needs. It is loaded only there, because it takes half of
 * the time that the program takes to start.
 */
import type { Config } from '../config/options.ts';
import { Connection, loadKubeConfig } from '../kube/connection.ts';
import { createOperator } from '../operator/operator.ts';
import { FatalError } from './errors.ts';
import { createPeople, defaultRolesOf, loadSsoConfig } from './people.ts';

/** Throws FatalError without a usable kubeconfig. */
export const openControlPlane = (config: Config) => ({
  connection: connect(config),
  createOperator,
  createPeople,
  defaultRolesOf,
  loadSsoConfig,
});

function connect({ kubeconfig, environment }: Config): Connection {
  const reload = () => loadKubeConfig(kubeconfig, environment);
  try {
    return new Connection(reload(), { environment, reload });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FatalError(
      `no usable cluster configuration: ${reason}; set --kubeconfig (SCIM_OPERATOR_KUBECONFIG) or KUBECONFIG`,
    );
  }
}
