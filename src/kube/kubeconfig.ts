/** Finds, merges and reads kubeconfigs as kubectl does. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { KubeConfig, loadYaml, type User } from '@kubernetes/client-node';

/** Environment variables by name. This folder reads none itself. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Impersonation {
  readonly user: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface ExecPlugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion: string;
  readonly installHint: string | undefined;
  readonly provideClusterInfo: boolean;
}

/** Includes what client-node's own reader leaves out. */
export interface KubeUser extends User {
  readonly tokenFile?: string;
  readonly impersonation?: Impersonation;
  readonly plugin?: ExecPlugin;
}

const IN_POD = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * Reads the file; without one, the files that KUBECONFIG names, or ~/.kube/config, or the service
 * account of the pod. Errors are one line and show nothing of a file's contents.
 */
export function loadKubeConfig(
  path: string | undefined,
  environment: Environment = {},
): KubeConfig {
  if (path !== undefined) return checked(merged([readKubeConfig(path)]), path);
  const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter((each) => each !== '');
  const home = environment.HOME ? [join(environment.HOME, '.kube', 'config')] : [];
  const wanted = listed.length > 0 ? listed : home;
  // Like kubectl, skips files that don't exist.
  const files = wanted.filter((each) => existsSync(each));
  if (files.length > 0) return checked(merged(files.map(readKubeConfig)), files.join(delimiter));
  if (listed.length > 0) throw new Error(`none of the files in KUBECONFIG exists: ${listed}`);
  if (!existsSync(IN_POD))
    throw new Error("there is neither a kubeconfig nor a pod's service account");
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}

function readKubeConfig(path: string): KubeConfig {
  const text = readFileSync(path, 'utf8');
  let raw: unknown;
  try {
    raw = text.trim() === '' ? undefined : loadYaml(text);
  } catch (error) {
    // The parser's message quotes lines, including tokens.
    const line: unknown = Reflect.get(Object(Reflect.get(Object(error), 'mark')), 'line');
    const where = typeof line === 'number' ? ` in line ${line + 1}` : '';
    throw new Error(`${path} is not valid YAML${where}`);
  }
  if (typeof raw !== 'object' || raw === null)
    throw new Error(`${path} is empty or not a kubeconfig`);
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
  const folder = dirname(path);
  config.makePathsAbsolute(folder);
  const entries = new Map(listOf(raw, 'users').map((entry) => [Reflect.get(entry, 'name'), entry]));
  config.users = config.getUsers().map((user) => {
    const entry = objectAt(Object(entries.get(user.name)), 'user');
    return readUser(user, entry, folder, `${path}: user ${user.name}`);
  });
  return config;
}

function readUser(user: User, entry: object, folder: string, where: string): KubeUser {
  const tokenFile = textAt(entry, 'tokenFile');
  const impersonation = impersonationOf(entry, where);
  const plugin = user.exec ? pluginOf(user.exec, folder, where) : undefined;
  return {
    ...user,
    ...(tokenFile === undefined ? {} : { tokenFile: absolute(folder, tokenFile) }),
    ...(impersonation === undefined ? {} : { impersonation }),
    ...(plugin === undefined ? {} : { plugin }),
  };
}

function impersonationOf(entry: object, where: string): Impersonation | undefined {
  const user = textAt(entry, 'as');
  const uid = textAt(entry, 'as-uid');
  const groups = listAt(entry, 'as-groups');
  const extra = Object.entries(objectAt(entry, 'as-user-extra')).map(
    ([key, values]) => [key, [values].flat().map(String)] as const,
  );
  if (user !== undefined) return { user, uid, groups, extra: Object.fromEntries(extra) };
  if (uid === undefined && groups.length === 0 && extra.length === 0) return undefined;
  throw new Error(`${where} has as-uid, as-groups or as-user-extra without as`);
}

const EXEC_VERSIONS = /^client\.authentication\.k8s\.io\/(v1|v1beta1)$/;

function pluginOf(exec: object, folder: string, where: string): ExecPlugin {
  const command = textAt(exec, 'command');
  const apiVersion = textAt(exec, 'apiVersion') ?? '';
  if (command === undefined) throw new Error(`${where} has an exec without a command`);
  if (!EXEC_VERSIONS.test(apiVersion)) {
    throw new Error(
      `${where} has an exec with an apiVersion other than client.authentication.k8s.io/v1 or v1beta1`,
    );
  }
  if (textAt(exec, 'interactiveMode') === 'Always')
    throw new Error(`${where} has an exec with interactiveMode Always, but there is no terminal`);
  return {
    command: command.includes('/') ? absolute(folder, command) : command,
    args: listAt(exec, 'args'),
    env: listOf(exec, 'env').map((each) => ({
      name: textAt(each, 'name') ?? '',
      value: textAt(each, 'value') ?? '',
    })),
    apiVersion,
    installHint: textAt(exec, 'installHint'),
    provideClusterInfo: Reflect.get(exec, 'provideClusterInfo') === true,
  };
}

/** If several entries have the same name, or several contexts are current, the first one counts. */
function merged(configs: readonly KubeConfig[]): KubeConfig {
  const first = <T extends { readonly name: string }>(entries: readonly T[]): T[] => [
    ...new Map(entries.toReversed().map((entry) => [entry.name, entry])).values(),
  ];
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: first(configs.flatMap((each) => each.getClusters())),
    users: first(configs.flatMap((each) => each.getUsers())),
    contexts: first(configs.flatMap((each) => each.getContexts())),
    currentContext: configs.map((each) => each.getCurrentContext()).find(Boolean) ?? '',
  });
  return config;
}

function checked(config: KubeConfig, where: string): KubeConfig {
  const context = config.getCurrentContext();
  if (!context) throw new Error(`${where} has no current-context`);
  const found = config.getContextObject(context);
  if (!found) throw new Error(`${where} has no context ${context}, which is its current-context`);
  if (!config.getCluster(found.cluster))
    throw new Error(`${where} has no cluster ${found.cluster}, which its context ${context} names`);
  if (found.user && !config.getUser(found.user))
    throw new Error(`${where} has no user ${found.user}, which its context ${context} names`);
  return config;
}

const absolute = (folder: string, path: string) => (isAbsolute(path) ? path : join(folder, path));

function textAt(object: object, key: string): string | undefined {
  const value: unknown = Reflect.get(object, key);
  return value === undefined || value === null || value === '' ? undefined : String(value);
}

function listAt(object: object, key: string): readonly string[] {
  const value: unknown = Reflect.get(object, key);
  return Array.isArray(value) ? value.map(String) : [];
}

function listOf(object: object, key: string): readonly object[] {
  const value: unknown = Reflect.get(object, key);
  return Array.isArray(value) ? value.map(Object) : [];
}

const objectAt = (object: object, key: string): object => Object(Reflect.get(object, key) ?? {});
