// Spans of states over a window, from the manager's answer or from what was seen; time nobody knows of counts for neither side.
import type { Seen } from './changes'
import type { Availability } from './types'

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

const STATES = new Set(['healthy', 'unhealthy', 'unknown', 'starting', 'stopping'])

/** What the manager tells, up to now: its last span has no end. */
function told(answer: Availability, now: number): Span[] {
  return answer.spans.map(({ from, to, state }) => ({ from: Date.parse(from), to: to == null ? now : Date.parse(to), state }))
}

export function strip(answer: Availability | null, seen: readonly Seen[], status: string, from: number, now: number): Strip {
  const raw = answer ? told(answer, now) : fromSeen(seen, status, from, now)
  const spans = raw.map((span) => ({ ...span, from: Math.max(from, span.from), to: Math.min(now, span.to) })).filter((span) => span.to > span.from)
  if (answer) return { spans, available: answer.availability ?? null }
  const time = (state: string) => spans.filter((span) => span.state === state).reduce((sum, span) => sum + span.to - span.from, 0)
  const healthy = time('healthy')
  const all = healthy + time('unhealthy')
  return { spans, available: all > 0 ? healthy / all : null }
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

/** Spans as they fit a strip of so many steps: what is narrower than a step is drawn as one, the worst of what lies in it. */
export function drawn(spans: readonly Span[], from: number, to: number, steps = 400): Span[] {
  const step = Math.max(1, (to - from) / steps)
  const out: Span[] = []
  for (const span of spans) {
    const last = out[out.length - 1]
    if (last && span.to - last.from <= step && last.to - last.from < step) {
      last.to = span.to
      if (WORSE.indexOf(span.state) < WORSE.indexOf(last.state)) last.state = span.state
    } else out.push({ ...span })
  }
  return out
}

/** The worst first; what is not named here comes last. */
const WORSE = ['unhealthy', 'unknown', 'starting', 'stopping', 'maintenance', 'absent', 'healthy']
