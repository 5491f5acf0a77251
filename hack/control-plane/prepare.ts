/** Gets kubectl and the programs of the tests' control planes, before several suites need them. */
import { ensureBinaries } from './binaries.ts';
import { ControlPlaneChoiceError, ControlPlaneUnavailableError } from './versions.ts';

const log = (line: string) => process.stderr.write(`${line}\n`);

try {
  await ensureBinaries(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'], log);
} catch (error) {
  const isSaid =
    error instanceof ControlPlaneUnavailableError || error instanceof ControlPlaneChoiceError;
  if (!isSaid) throw error;
  log(error.message);
  process.exitCode = 1;
}
