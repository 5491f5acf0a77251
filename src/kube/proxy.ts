/**
 * Selects the proxy for an API server: the kubeconfig's, or else the environment's, as Go reads it.
 */
import { BlockList, isIP } from 'node:net';
import type { Environment } from './kubeconfig.ts';

/** Throws an error of one line, without the password, if the proxy can't be used. */
export function proxyFor(
  server: string,
  proxyUrl: string | undefined,
  environment: Environment,
): URL | undefined {
  if (proxyUrl) return parseProxy(proxyUrl, 'proxy-url of the kubeconfig');
  const target = new URL(server);
  const name = target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const value = environment[name] || environment[name.toLowerCase()];
  if (!value) return undefined;
  const exceptions = environment.NO_PROXY || environment.no_proxy || '';
  return isExempt(target, exceptions) ? undefined : parseProxy(value, name);
}

const PROTOCOLS = ['http:', 'https:', 'socks5:', 'socks5h:'];

function parseProxy(value: string, where: string): URL {
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') throw new Error(`${where} is not a URL`);
  if (!PROTOCOLS.includes(url.protocol))
    throw new Error(
      `${where} has the scheme ${url.protocol.slice(0, -1)}; use http, https or socks5`,
    );
  // The name of the server is always resolved by the proxy.
  return url.protocol === 'socks5h:' ? new URL(text.replace(/^socks5h/i, 'socks5')) : url;
}

/**
 * Reads NO_PROXY like golang.org/x/net/http/httpproxy: names including their subdomains, addresses
 * and networks, each with or without a port.
 */
function isExempt({ hostname, port, protocol }: URL, exceptions: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || isIn(host, '127.0.0.0/8') || isIn(host, '::1/128')) return true;
  const effectivePort = port || (protocol === 'https:' ? '443' : '80');
  return exceptions.split(',').some((each) => {
    const entry = each.trim().toLowerCase();
    if (entry === '*') return true;
    if (entry.includes('/')) return isIn(host, entry);
    const [, name = '', wantedPort] = /^(\[.*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (name === '' || (wantedPort !== undefined && wantedPort !== effectivePort)) return false;
    return covers(name.replace(/^\[|\]$/g, ''), host);
  });
}

function covers(name: string, host: string): boolean {
  if (isIP(name) !== 0) return name === host;
  const below = name.replace(/^\*?\./, '.');
  return below.startsWith('.')
    ? host.endsWith(below)
    : host === below || host.endsWith(`.${below}`);
}

function isIn(host: string, network: string): boolean {
  const [address = '', prefix = ''] = network.split('/');
  const [family, ofHost] = [isIP(address), isIP(host)];
  if (family === 0 || family !== ofHost || !/^\d{1,3}$/.test(prefix)) return false;
  if (Number(prefix) > (family === 4 ? 32 : 128)) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), kind);
  return list.check(host, kind);
}
