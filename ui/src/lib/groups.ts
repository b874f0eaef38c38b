// Rows under headings: by a field or by any label.
import type { Instance } from './types'

export type Entry = { kind: 'group'; name: string; size: number; healthy: number } | { kind: 'row'; row: Instance }

const FIELDS = ['environment', 'region', 'status', 'version', 'presence'] as const

/** By what instances can be grouped: the fields, and the labels most of them carry first. */
export function groupKeys(instances: readonly Instance[], most = 40): string[] {
  const labels = new Map<string, number>()
  for (const instance of instances) for (const key of Object.keys(instance.metadata)) labels.set(key, (labels.get(key) ?? 0) + 1)
  const names = [...labels].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, most)
  return [...FIELDS, ...names.map(([key]) => `metadata.${key}`)]
}

function valueOf(instance: Instance, key: string): string {
  const value = key.startsWith('metadata.') ? instance.metadata[key.slice(9)] : (instance as unknown as Record<string, unknown>)[key]
  return value === undefined || value === '' ? 'without' : String(value)
}

export function grouped(rows: readonly Instance[], key: string): Entry[] {
  if (!key) return rows.map((row) => ({ kind: 'row', row }))
  const groups = new Map<string, Instance[]>()
  for (const row of rows) {
    const name = valueOf(row, key)
    const group = groups.get(name)
    if (group) group.push(row)
    else groups.set(name, [row])
  }
  const names = [...groups].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  return names.flatMap(([name, members]): Entry[] => [
    { kind: 'group', name, size: members.length, healthy: members.filter((row) => row.status === 'healthy').length },
    ...members.map((row): Entry => ({ kind: 'row', row })),
  ])
}
