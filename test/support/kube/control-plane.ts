/** One control plane for a whole test run. Tests get its kubeconfig with `inject('kubeconfig')`. */
import type { TestProject } from 'vitest/node';
import { startControlPlane } from '../../../hack/control-plane/start.ts';
import { applyCrds } from '../../../hack/operator/install.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the administrator's kubeconfig. */
    kubeconfig: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const controlPlane = await startControlPlane({
    controllerManager: true,
    prepare: applyCrds,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  project.provide('kubeconfig', controlPlane.kubeconfig);
  return controlPlane.stop;
}
