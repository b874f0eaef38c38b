// What an event of the journal is about, as a state: for its shape and for its mark on a line.
import { lookOf, type Tone } from './states'
import type { JournalEvent } from './types'

const ENDS: Record<string, string> = { passing: 'healthy', healthy: 'healthy', failing: 'degraded', down: 'failed', unhealthy: 'failed', unknown: 'unknown' }

/** The state an event is about, where its kind or its words name one. */
export function stateOf(event: JournalEvent): string {
  const end = /(?: to |→ ?)(\w+)/.exec(event.summary)?.[1]
  if (end && ENDS[end]) return ENDS[end]
  if (event.kind === 'journal.gap' || event.kind === 'manager.doubt') return 'degraded'
  if (event.kind === 'operator.expired' || event.kind === 'operator.resume' || event.kind === 'manager.trust') return 'healthy'
  if (event.kind === 'instance.registered' || event.kind === 'instance.updated' || event.kind === 'manager.started') return 'unknown'
  if (event.kind === 'instance.setups' && event.summary.startsWith('all setups')) return 'healthy'
  const words = `${event.kind} ${event.summary}`.toLowerCase()
  if (/deregister|removed/.test(words)) return 'stopping'
  if (/unhealthy|down|failed|missing|refused/.test(words)) return 'failed'
  if (/degraded|doubt|eject/.test(words)) return 'degraded'
  if (/drain|maintenance|stopping/.test(words)) return 'stopping'
  if (/healthy|\bup\b|recovered|resume/.test(words)) return 'healthy'
  return 'unknown'
}

export const toneOf = (event: JournalEvent): Tone => lookOf(stateOf(event)).tone
