// Sorting rows: unknown last in either direction, numbers as numbers, names as people count.

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

export type Cell = string | number | null | undefined

export interface Sort {
  key: string
  down: boolean
}

export const parseSort = (text: string | null, fallback: string): Sort => {
  const said = text || fallback
  return said.startsWith('-') ? { key: said.slice(1), down: true } : { key: said, down: false }
}

export const writeSort = (sort: Sort): string => (sort.down ? `-${sort.key}` : sort.key)

export function compare(a: Cell, b: Cell, down: boolean): number {
  const missing = (value: Cell) => value === null || value === undefined || value === ''
  if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b))
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : names.compare(String(a), String(b))
  return down ? -order : order
}

/** A sorted copy. The second key keeps rows from jumping when the first is equal. */
export function sorted<T>(rows: readonly T[], sort: Sort, cell: (row: T, key: string) => Cell, id: (row: T) => string): T[] {
  const keyed = rows.map((row) => ({ row, value: cell(row, sort.key), id: id(row) }))
  keyed.sort((a, b) => (a.value === b.value ? 0 : compare(a.value, b.value, sort.down)) || names.compare(a.id, b.id))
  return keyed.map(({ row }) => row)
}
