/** Runs a program that prints credentials (client.authentication.k8s.io), as client-go does. */
import { spawn } from 'node:child_process';
import type { Cluster } from '@kubernetes/client-node';
import { CredentialsError } from './errors.ts';
import type { Environment, ExecPlugin } from './kubeconfig.ts';

export interface PluginCredential {
  readonly token: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Milliseconds since the epoch; undefined if it is valid until refused. */
  readonly expiresAt: number | undefined;
}

const TIMEOUT_MS = 60_000;

/** Rejects with CredentialsError. */
export async function runPlugin(
  plugin: ExecPlugin,
  cluster: Cluster,
  environment: Environment,
): Promise<PluginCredential> {
  const { command, args, env, apiVersion, provideClusterInfo } = plugin;
  const spec = {
    interactive: false,
    ...(provideClusterInfo ? { cluster: clusterInfo(cluster) } : {}),
  };
  const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec });
  const child = spawn(command, args, {
    env: {
      ...environment,
      ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: info,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = `${complaints}${text}`.slice(0, 2_000);
  });
  const failure = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(startFailure(error, plugin)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(`exited with ${code ?? signal}${lastWords(complaints)}`);
    });
  });
  if (failure !== undefined) throw new CredentialsError(`the exec plugin ${command} ${failure}`);
  return parse(output, plugin);
}

function startFailure(error: NodeJS.ErrnoException, { installHint }: ExecPlugin): string {
  const what = error.code === 'ENOENT' ? 'was not found' : `can't be run (${error.code})`;
  return installHint === undefined ? what : `${what}: ${installHint}`;
}

/** The last line of its output, without anything that may be a token. */
function lastWords(complaints: string): string {
  const last = complaints.trim().split('\n').at(-1)?.trim() ?? '';
  if (last === '') return '';
  return `: ${last.replaceAll(/[\w.=+~-]{20,}/g, '…').slice(0, 200)}`;
}

function parse(output: string, { command, apiVersion }: ExecPlugin): PluginCredential {
  const refuse = (what: string) => new CredentialsError(`the exec plugin ${command} ${what}`);
  let answer: { kind?: unknown; apiVersion?: unknown; status?: Record<string, unknown> } | null;
  try {
    answer = JSON.parse(output);
  } catch {
    // The parser's message quotes its input.
    throw refuse('printed no JSON');
  }
  if (answer?.kind !== 'ExecCredential') throw refuse('printed no ExecCredential');
  if (answer.apiVersion !== apiVersion) throw refuse(`printed no ExecCredential of ${apiVersion}`);
  const text = (key: string) => {
    const value = answer.status?.[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [token, cert, key] = [text('token'), text('clientCertificateData'), text('clientKeyData')];
  if ((cert === undefined) !== (key === undefined) || (token ?? cert) === undefined)
    throw refuse('printed neither a token nor a certificate with its key');
  const expiry = text('expirationTimestamp');
  const expiresAt = expiry === undefined ? undefined : Date.parse(expiry);
  if (Number.isNaN(expiresAt)) throw refuse('printed an expirationTimestamp that is not a time');
  return { token, cert, key, expiresAt };
}

function clusterInfo(cluster: Cluster): object {
  return {
    server: cluster.server,
    'tls-server-name': cluster.tlsServerName,
    'insecure-skip-tls-verify': cluster.skipTLSVerify || undefined,
    'certificate-authority-data': cluster.caData,
    'proxy-url': cluster.proxyUrl,
  };
}
