import { describe, expect, it } from 'vitest';
import { ID, RouteTable } from '../../src/scim-server/route-table.ts';

const table = new RouteTable([
  ['', 'root'],
  ['/Users', 'users'],
  ['/Users/.search', 'search'],
  [`/Users/${ID}`, 'user'],
]);

describe('a path', () => {
  it.each([
    ['', 'root', undefined],
    ['/Users', 'users', undefined],
    ['/Users/.search', 'search', undefined],
    ['/Users/1', 'user', '1'],
    ['/Users/%31%2F', 'user', '1/'],
    ['/Users/%', 'user', '%'],
  ])('%j has the route %j', (path, route, id) => {
    expect(table.find(path)).toEqual({ route, id });
  });

  it.each([
    ...['/', '/users', '/%55sers', '/Users/', '/Users/.other', '/Users/1/2', '/Users/.search/1'],
    ...['/Users/:id/1', '/Groups/1', '/constructor', '/1'],
  ])('%j has none', (path) => {
    expect(table.find(path)).toBeUndefined();
  });
});
