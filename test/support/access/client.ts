/** A client of an API server that a test plays itself. */
import { KubeConfig } from '@kubernetes/client-node';
import { Client } from '../../../src/kube/client.ts';
import { Connection } from '../../../src/kube/connection.ts';

export function clientOf(port: number): Client {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'u' },
  );
  return new Client(new Connection(config));
}
