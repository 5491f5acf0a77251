/** What the API server gives with every custom resource. */
export interface ObjectMetadata {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface NamespacedMetadata extends ObjectMetadata {
  readonly namespace: string;
}
