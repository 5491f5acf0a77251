/** kubectl on the cluster that KUBECONFIG names. */
import { outputOf } from '../program-output.ts';

/** Returns what kubectl printed. Rejects with ProgramError. */
export const kubectl = (args: readonly string[], input?: object): Promise<string> =>
  outputOf('kubectl', args, input && { input: JSON.stringify(input) });

/** The value at a JSONPath such as `{.status.endpoint}`. */
export const valueAt = (path: string, ...object: readonly string[]): Promise<string> =>
  kubectl(['get', ...object, '--output', `jsonpath=${path}`]);

export const applyObjects = (...items: readonly object[]): Promise<string> =>
  kubectl(['apply', '--server-side', '--filename', '-'], { apiVersion: 'v1', kind: 'List', items });
