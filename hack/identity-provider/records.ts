/** What the provider remembers, in memory: sessions, codes, grants and clients. */
import type { Adapter, AdapterPayload, ClientMetadata } from 'oidc-provider';

export interface Records {
  /** Creates the adapter of a model, as oidc-provider's configuration wants it. */
  readonly adapter: (model: string) => Adapter;
  putClient(client: ClientMetadata): void;
  clients(): readonly ClientMetadata[];
  sessions(): readonly AdapterPayload[];
  deleteSession(session: AdapterPayload): void;
}

export function createRecords(): Records {
  const models = new Map<string, Map<string, AdapterPayload>>();
  const clients = new Map<string, ClientMetadata>();
  const recordsOf = (model: string) => {
    const records = models.get(model) ?? new Map<string, AdapterPayload>();
    models.set(model, records);
    return records;
  };

  const adapter = (model: string): Adapter => {
    const records = recordsOf(model);
    const one = async (matches: (payload: AdapterPayload) => boolean) =>
      [...records.values()].find(matches);
    return {
      find: async (id) => (model === 'Client' ? clients.get(id) : records.get(id)),
      findByUid: (uid) => one((payload) => payload.uid === uid),
      findByUserCode: (code) => one((payload) => payload.userCode === code),
      upsert: async (id, payload) => void records.set(id, payload),
      consume: async (id) => {
        const payload = records.get(id);
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1_000);
      },
      destroy: async (id) => void records.delete(id),
      revokeByGrantId: async (grantId) => {
        for (const records of models.values())
          for (const [id, payload] of records) if (payload.grantId === grantId) records.delete(id);
      },
    };
  };

  return {
    adapter,
    putClient: (client) => void clients.set(client.client_id, client),
    clients: () => [...clients.values()],
    sessions: () => [...recordsOf('Session').values()],
    deleteSession: ({ jti }) => void (jti !== undefined && recordsOf('Session').delete(jti)),
  };
}
