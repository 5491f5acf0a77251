/** The field manager of what the console writes to the API server. */
export const CONSOLE_FIELD_MANAGER = 'scim-operator-console';
