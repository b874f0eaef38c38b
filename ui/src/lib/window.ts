// Which rows of a long list are worth drawing.

export interface Slice {
  from: number
  to: number
  above: number
  below: number
}

export function slice(rows: number, rowHeight: number, scrollTop: number, viewHeight: number, beyond = 5): Slice {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight) - beyond
  const from = Math.max(0, Math.min(first, rows))
  const to = Math.min(rows, Math.max(from, first + Math.ceil(viewHeight / rowHeight) + 2 * beyond))
  return { from, to, above: from * rowHeight, below: (rows - to) * rowHeight }
}
