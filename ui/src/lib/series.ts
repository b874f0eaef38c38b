// What was seen of numbers since the page was opened: a bounded memory for the small lines beside them.

export interface Point {
  at: number
  value: number | null
}

/** Keeps the last points of many series; the series not touched for longest is forgotten first. */
export class Memory {
  #series = new Map<string, Point[]>()

  constructor(
    readonly points = 120,
    readonly most = 5000,
  ) {}

  note(key: string, at: number, value: number | null | undefined): void {
    const line = this.#series.get(key) ?? []
    const last = line[line.length - 1]
    if (last && last.at >= at) return
    line.push({ at, value: value ?? null })
    if (line.length > this.points) line.shift()
    this.#series.delete(key)
    this.#series.set(key, line)
    if (this.#series.size > this.most) this.#series.delete(this.#series.keys().next().value!)
  }

  of(key: string): readonly Point[] {
    return this.#series.get(key) ?? []
  }
}

/** The path of a small line in a box; a gap where nothing was known. */
export function line(points: readonly Point[], width: number, height: number): string {
  const known = points.filter((point) => point.value !== null)
  if (known.length < 2) return ''
  const values = known.map((point) => point.value!)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const [begin, end] = [points[0]!.at, points[points.length - 1]!.at]
  const x = (at: number) => 1 + ((at - begin) / (end - begin || 1)) * (width - 2)
  const y = (value: number) => (high === low ? height / 2 : height - 1.5 - ((value - low) / (high - low)) * (height - 3))
  let pen = 'M'
  return points
    .map((point) => {
      if (point.value === null) {
        pen = 'M'
        return ''
      }
      const step = `${pen}${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`
      pen = 'L'
      return step
    })
    .join('')
}
