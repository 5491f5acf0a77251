/** Entries of the activity log as rows, the same in both databases. */
import type { Attributes } from '../../../scim/resource.ts';
import { idsAt } from '../../ids.ts';
import type {
  ActivityChange,
  ActivityEntry,
  ActivityOptions,
  NewActivity,
} from '../../store/activity.ts';
import type { Author } from '../../store/resources.ts';
import type { Row } from '../names.ts';
import { type ResourceName, shownName } from '../resource-key.ts';
import { changeOf, type Moved, storedChange } from './change.ts';

export type ActivityRow = Row<'activity'>;

/** A write of a user or group. Without previous attributes it is new, without new ones deleted. */
export interface Written {
  readonly type: ResourceName;
  readonly id: string;
  readonly before?: Attributes;
  readonly after?: Attributes;
  readonly version: number;
  readonly at: number;
  readonly moved?: Moved;
}

/** Makes the rows of a store. */
export class ActivityRows {
  readonly recorded: boolean;
  readonly #onEntry: ActivityOptions['onEntry'];
  readonly #nextId = idsAt();

  constructor({ recorded = true, onEntry }: ActivityOptions) {
    this.recorded = recorded;
    this.#onEntry = onEntry;
  }

  /** Returns undefined, without calling `written`, if nobody wants the row. */
  ofWrite(author: Author, written: () => Written): ActivityRow | undefined {
    if (!this.recorded && this.#onEntry === undefined) return undefined;
    const { type, id, before, after, version, at, moved } = written();
    return {
      tenant: author.tenant,
      id: this.#nextId(at),
      at,
      actorKind: 'integration',
      actorName: author.integrationId,
      operation: before === undefined ? 'create' : after === undefined ? 'delete' : 'update',
      resourceType: type,
      resourceId: id,
      resourceName: shownName(type, after ?? before ?? {}),
      requestId: author.requestId ?? null,
      version,
      ...storedChange(before, after, moved),
    };
  }

  /** Whether somebody wants to know which entries were committed. */
  get isFollowed(): boolean {
    return this.#onEntry !== undefined;
  }

  ofEntry({ tenant, at, actor, operation, resource, ...rest }: NewActivity): ActivityRow {
    const { requestId = null, version = null, change } = rest;
    return {
      tenant,
      id: this.#nextId(at),
      at,
      actorKind: actor.kind,
      actorName: actor.name,
      operation,
      resourceType: resource.type,
      resourceId: resource.id,
      resourceName: resource.name,
      requestId,
      version,
      before: sideOf(change, 'before'),
      after: sideOf(change, 'after'),
      moved: null,
    };
  }

  committed(row: ActivityRow | undefined): void {
    if (row !== undefined) this.#onEntry?.(entryOf(row));
  }
}

function sideOf(change: ActivityChange, side: 'before' | 'after'): string | null {
  const values = Object.entries(change).filter(([, each]) => each[side] !== undefined);
  if (values.length === 0) return null;
  return JSON.stringify(Object.fromEntries(values.map(([path, each]) => [path, each[side]])));
}

export function entryOf(row: ActivityRow): ActivityEntry {
  return {
    id: row.id,
    at: row.at,
    tenant: row.tenant,
    actor: { kind: row.actorKind, name: row.actorName },
    operation: row.operation,
    resource: { type: row.resourceType, id: row.resourceId, name: row.resourceName },
    requestId: row.requestId ?? undefined,
    version: row.version ?? undefined,
    change: changeOf(row),
  };
}
