// Spans of states over a window, from the manager's answer or from what was seen; time nobody knows of counts for neither side.
import type { Seen } from './changes'

export interface Span {
  from: number
  to: number
  state: string
}

export interface Strip {
  spans: Span[]
  /** Part of the known time that it was healthy; null if nothing is known. */
  available: number | null
}

interface WireSpan {
  from?: string | number
  to?: string | number | null
  state?: string
  status?: string
}

const STATES = new Set(['healthy', 'unhealthy', 'unknown', 'starting', 'stopping'])

function told(answer: unknown, now: number): { spans: Span[]; available: number | null } | null {
  if (answer === null || typeof answer !== 'object') return null
  const body = answer as Record<string, unknown>
  const list = [body['spans'], body['segments'], body['intervals'], body['buckets']].find(Array.isArray) as WireSpan[] | undefined
  const number = [body['availability'], body['available'], body['ratio']].find((value) => typeof value === 'number') as number | undefined
  const spans = (list ?? []).flatMap((span) => {
    const from = new Date(span.from ?? NaN).getTime()
    const to = span.to == null ? now : new Date(span.to).getTime()
    return Number.isNaN(from) || Number.isNaN(to) ? [] : [{ from, to, state: span.state ?? span.status ?? 'unknown' }]
  })
  return { spans, available: number ?? null }
}

export function strip(answer: unknown, seen: readonly Seen[], status: string, from: number, now: number): Strip {
  const known = told(answer, now)
  const raw = known ? known.spans : fromSeen(seen, status, from, now)
  const spans = raw.map((span) => ({ ...span, from: Math.max(from, span.from), to: Math.min(now, span.to) })).filter((span) => span.to > span.from)
  const time = (wanted: (state: string) => boolean) => spans.filter((span) => wanted(span.state)).reduce((sum, span) => sum + span.to - span.from, 0)
  const healthy = time((state) => state === 'healthy' || state === 'up')
  const all = healthy + time((state) => state === 'unhealthy' || state === 'down')
  return { spans, available: known?.available ?? (all > 0 ? healthy / all : null) }
}

/** `seen` is newest first; each summary tells the state before and after. */
function fromSeen(seen: readonly Seen[], status: string, from: number, now: number): Span[] {
  const turns = seen.filter((event) => STATES.has(event.kind) && event.at >= from)
  const spans: Span[] = []
  let end = now
  let state = status
  for (const turn of turns) {
    spans.unshift({ from: turn.at, to: end, state })
    end = turn.at
    state = turn.summary.split(' ')[0] ?? 'unknown'
  }
  spans.unshift({ from, to: end, state })
  return spans
}
