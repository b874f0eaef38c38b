// The rows of the instances and what happens to them, without any clock or connection: snapshots, changes, what differs.
import type { Change, Instance } from './types'

export type Rows = ReadonlyMap<string, Instance>

export interface Seen {
  at: number
  instanceId: string
  summary: string
  kind: string
}

const byId = (a: Instance, b: Instance) => (a.instanceId < b.instanceId ? -1 : 1)

export function rowsOf(list: readonly Instance[]): Map<string, Instance> {
  return new Map([...list].sort(byId).map((row) => [row.instanceId, row]))
}

/** Applies changes in order to a copy. */
export function apply(rows: Rows, changes: readonly Change[]): Map<string, Instance> {
  const next = new Map(rows)
  let added = false
  for (const change of changes) {
    if (change.kind === 'instance.removed' || !change.instance) next.delete(change.instanceId)
    else {
      added ||= !next.has(change.instanceId)
      next.set(change.instanceId, change.instance)
    }
  }
  return added ? rowsOf([...next.values()]) : next
}

/** Everything of a row but the time of its last check, which moves without meaning anything. */
const meaning = (row: Instance): string => JSON.stringify({ ...row, lastHealthCheck: null })

/** What changed between two readings of the list, as the stream would have told it. */
export function differences(before: Rows, after: Rows, timestamp: string): Change[] {
  const changes: Change[] = []
  const change = (kind: Change['kind'], instanceId: string, instance: Instance | null) =>
    changes.push({ kind, instanceId, instance, generation: 0, timestamp })
  for (const [id, row] of after) {
    const old = before.get(id)
    if (!old) change('instance.added', id, row)
    else if (meaning(old) !== meaning(row)) change('instance.updated', id, row)
  }
  for (const id of before.keys()) if (!after.has(id)) change('instance.removed', id, null)
  return changes
}

/** A change in words, where it is worth telling. */
export function tell(before: Instance | undefined, change: Change): Seen | null {
  const at = Date.parse(change.timestamp)
  const { instanceId, instance } = change
  if (change.kind === 'instance.removed' || !instance) return { at, instanceId, kind: 'removed', summary: 'deregistered' }
  if (!before) return { at, instanceId, kind: 'added', summary: `registered at ${instance.host}:${instance.port}` }
  if (before.status !== instance.status) {
    const why = instance.statusReason ? `: ${instance.statusReason}` : ''
    return { at, instanceId, kind: instance.status, summary: `${before.status} → ${instance.status}${why}` }
  }
  if (before.presence !== instance.presence) {
    return { at, instanceId, kind: instance.presence, summary: `${before.presence} → ${instance.presence}` }
  }
  if (before.troubledSetups.join() !== instance.troubledSetups.join()) {
    const troubled = instance.troubledSetups
    const summary = troubled.length ? `setups in trouble: ${troubled.join(', ')}` : 'all setups work again'
    return { at, instanceId, kind: troubled.length ? 'degraded' : 'up', summary }
  }
  if (before.revision !== instance.revision) return { at, instanceId, kind: 'updated', summary: `changed to revision ${instance.revision}` }
  return null
}
