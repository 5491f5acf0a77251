/** kubectl on the cluster that KUBECONFIG names. */
import { execFile } from 'node:child_process';

export class KubectlError extends Error {
  override readonly name = 'KubectlError';
}

/** Returns what kubectl printed. Rejects with KubectlError, which has what it said. */
export function kubectl(args: readonly string[], input?: string | object): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const limits = { maxBuffer: 256 * 1024 * 1024 };
  const child = execFile('kubectl', [...args], limits, (error, stdout, stderr) => {
    if (error === null) resolve(stdout);
    else reject(new KubectlError(`kubectl ${args.join(' ')}: ${stderr || error.message}`));
  });
  child.stdin?.end(typeof input === 'object' ? JSON.stringify(input) : input);
  return promise;
}

/** The value at a JSONPath such as `{.status.endpoint}`. */
export const valueAt = async (path: string, ...object: readonly string[]): Promise<string> =>
  kubectl(['get', ...object, '--output', `jsonpath=${path}`]);

export const applyObjects = (...items: readonly object[]): Promise<string> =>
  kubectl(['apply', '--server-side', '--filename', '-'], { apiVersion: 'v1', kind: 'List', items });
