/** Runs a health script as Argo CD does, with the resource as the global `obj`. */
import { lauxlib, lua, lualib, to_luastring } from 'fengari';

export interface Health {
  readonly status: string | null;
  readonly message: string | null;
}

/** Returns the status and the message. Throws if the script fails. */
export function healthOf(script: string, resource: unknown): Health {
  const state = lauxlib.luaL_newstate();
  // Argo CD gives scripts no library with access to the machine.
  lauxlib.luaL_requiref(state, to_luastring('_G'), lualib.luaopen_base, 1);
  push(state, resource);
  lua.lua_setglobal(state, to_luastring('obj'));
  const failed =
    lauxlib.luaL_loadstring(state, to_luastring(script)) || lua.lua_pcall(state, 0, 1, 0);
  if (failed !== lua.LUA_OK) throw new Error(lua.lua_tojsstring(state, -1) ?? 'the script failed');
  return { status: field(state, 'status'), message: field(state, 'message') };
}

function field(state: object, key: string): string | null {
  lua.lua_getfield(state, -1, to_luastring(key));
  const text = lua.lua_tojsstring(state, -1);
  lua.lua_pop(state, 1);
  return text;
}

/** A list becomes a table whose indexes begin with 1. */
function push(state: object, value: unknown): void {
  if (typeof value === 'string') lua.lua_pushstring(state, to_luastring(value));
  else if (typeof value === 'number') lua.lua_pushnumber(state, value);
  else if (typeof value === 'boolean') lua.lua_pushboolean(state, value);
  else if (typeof value === 'object' && value !== null) pushTable(state, value);
  else throw new TypeError(`no Lua value: ${String(value)}`);
}

function pushTable(state: object, value: object): void {
  lua.lua_createtable(state, 0, 0);
  for (const [key, each] of Object.entries(value)) {
    push(state, each);
    if (Array.isArray(value)) lua.lua_rawseti(state, -2, Number(key) + 1);
    else lua.lua_setfield(state, -2, to_luastring(key));
  }
}
