/** Which proxy is used for an API server. */
import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../src/kube/proxy.ts';

const SERVER = 'https://api.example.com:6443';
const PROXY = 'http://proxy:3128/';
const through = (server: string, environment: Record<string, string>, proxyUrl?: string) =>
  proxyFor(server, proxyUrl, environment)?.href;

describe('the proxy of the environment', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    [SERVER, {}, undefined],
    [SERVER, { HTTPS_PROXY: PROXY }, PROXY],
    [SERVER, { https_proxy: PROXY }, PROXY],
    [SERVER, { HTTPS_PROXY: 'proxy:3128' }, PROXY],
    [SERVER, { HTTP_PROXY: PROXY }, undefined],
    ['http://api.example.com', { HTTP_PROXY: PROXY }, PROXY],
    ['http://api.example.com', { HTTPS_PROXY: PROXY }, undefined],
    ['https://localhost:6443', { HTTPS_PROXY: PROXY }, undefined],
    ['https://127.0.0.7:6443', { HTTPS_PROXY: PROXY }, undefined],
    ['https://[::1]:6443', { HTTPS_PROXY: PROXY }, undefined],
  ])('to %s with %j is %s', (server, environment, expected) => {
    expect(through(server, environment)).toBe(expected);
  });

  it.each([
    [SERVER, '*'],
    [SERVER, 'example.com'],
    [SERVER, 'other.org, API.Example.com'],
    [SERVER, '.example.com'],
    [SERVER, '*.example.com'],
    [SERVER, 'api.example.com:6443'],
    ['https://api.example.com', 'api.example.com:443'],
    ['https://10.96.0.1', '10.0.0.0/8'],
    ['https://10.96.0.1', '10.96.0.1'],
    ['https://10.96.0.1', '10.96.0.1:443'],
    ['https://[fd00::1]:6443', 'fd00::/8'],
    ['https://[fd00::1]:6443', 'fd00::1'],
    ['https://[fd00::1]:6443', '[fd00::1]:6443'],
  ])('to %s is not used with NO_PROXY=%s', (server, exceptions) => {
    expect(through(server, { HTTPS_PROXY: PROXY, NO_PROXY: exceptions })).toBeUndefined();
    expect(through(server, { https_proxy: PROXY, no_proxy: exceptions })).toBeUndefined();
  });

  it.each([
    [SERVER, ''],
    [SERVER, 'ple.com'],
    [SERVER, '.api.example.com'],
    [SERVER, 'api.example.com:443'],
    ['https://example.com', '.example.com'],
    ['https://11.96.0.1', '10.0.0.0/8'],
    ['https://10.96.0.1', '10.0.0.0/99'],
  ])('to %s is still used with NO_PROXY=%s', (server, exceptions) => {
    expect(through(server, { HTTPS_PROXY: PROXY, NO_PROXY: exceptions })).toBe(PROXY);
  });
});

describe('the proxy of a kubeconfig', () => {
  it('takes precedence over the environment, and has no exceptions', () => {
    const environment = { HTTPS_PROXY: 'http://other', NO_PROXY: '*' };
    expect(through('https://localhost', environment, PROXY)).toBe(PROXY);
  });

  it('can be a SOCKS proxy', () => {
    expect(through(SERVER, {}, 'socks5://proxy:1080')).toBe('socks5://proxy:1080');
    expect(through(SERVER, {}, 'socks5h://proxy:1080')).toBe('socks5://proxy:1080');
  });

  it.each(['socks4://user:s3cret@proxy', 'ftp://user:s3cret@proxy', 'http://user:s3cret@'])(
    'is rejected in one line without its password (%s)',
    (url) => {
      expect(() => through(SERVER, {}, url)).toThrow(/^proxy-url of the kubeconfig (is|has)/);
      expect(() => through(SERVER, {}, url)).not.toThrow(/s3cret/);
    },
  );
});
