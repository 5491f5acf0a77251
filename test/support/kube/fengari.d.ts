/** Types of what the tests use of fengari, a Lua virtual machine without types. */
declare module 'fengari' {
  type State = object;
  export const lua: {
    readonly LUA_OK: number;
    lua_createtable(state: State, items: number, fields: number): void;
    lua_pushboolean(state: State, value: boolean): void;
    lua_pushnumber(state: State, value: number): void;
    lua_pushstring(state: State, value: Uint8Array): void;
    lua_setfield(state: State, index: number, key: Uint8Array): void;
    lua_rawseti(state: State, index: number, position: number): void;
    lua_setglobal(state: State, name: Uint8Array): void;
    lua_getfield(state: State, index: number, key: Uint8Array): number;
    lua_pcall(state: State, args: number, results: number, handler: number): number;
    lua_tojsstring(state: State, index: number): string | null;
    lua_pop(state: State, count: number): void;
  };
  export const lauxlib: {
    luaL_newstate(): State;
    luaL_requiref(state: State, name: Uint8Array, open: unknown, global: number): void;
    luaL_loadstring(state: State, text: Uint8Array): number;
  };
  export const lualib: { readonly luaopen_base: unknown };
  export function to_luastring(text: string): Uint8Array;
}
