import { expect, it } from 'vitest';
import { isUnencrypted } from '../../src/config/public-url.ts';

it.each([
  ['http://scim.example.com', true],
  ['http://10.0.0.7:8080', true],
  ['http://localhost.example.com', true],
  ['http://127.example.com', true],
  ['HTTP://scim.example.com', true],
  ['https://scim.example.com', false],
  ['http://localhost:8080', false],
  ['http://LOCALHOST', false],
  ['http://scim.localhost', false],
  ['http://127.0.0.1', false],
  ['http://127.1', false],
  ['http://[::1]:8080', false],
])('whether %s is unencrypted on the network: %s', (url, expected) => {
  expect(isUnencrypted(url)).toBe(expected);
});
