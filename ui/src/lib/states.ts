// The five states of an instance and what was ordered for it: words, order of urgency, shapes.
import type { Instance, Order } from './types'

export type Tone = 'ok' | 'bad' | 'warn' | 'idle' | 'unknown'

export interface Look {
  word: string
  tone: Tone
  /** Name of the shape, so that a state never depends on colour alone. */
  shape: 'disc' | 'cross' | 'ring' | 'half' | 'down' | 'bar' | 'triangle'
  /** The more urgent, the smaller. */
  urgency: number
}

const LOOKS: Record<string, Look> = {
  unhealthy: { word: 'unhealthy', tone: 'bad', shape: 'cross', urgency: 0 },
  unknown: { word: 'unknown', tone: 'unknown', shape: 'ring', urgency: 2 },
  starting: { word: 'starting', tone: 'idle', shape: 'half', urgency: 3 },
  stopping: { word: 'stopping', tone: 'idle', shape: 'down', urgency: 4 },
  healthy: { word: 'healthy', tone: 'ok', shape: 'disc', urgency: 6 },
}
const MAINTENANCE: Look = { word: 'maintenance', tone: 'idle', shape: 'bar', urgency: 5 }
const DRAINING: Look = { word: 'draining', tone: 'idle', shape: 'down', urgency: 4 }
const TROUBLED: Look = { word: 'setup trouble', tone: 'warn', shape: 'triangle', urgency: 1 }

/** How an instance shows. An order of an operator is told before the state that follows from it. */
export function look(instance: Pick<Instance, 'status' | 'presence' | 'troubledSetups'>): Look {
  if (instance.status !== 'unhealthy') {
    if (instance.presence === 'maintenance') return MAINTENANCE
    if (instance.presence === 'draining') return DRAINING
  }
  if (instance.status === 'healthy' && instance.troubledSetups.length > 0) return TROUBLED
  return LOOKS[instance.status] ?? { ...LOOKS['unknown']!, word: instance.status }
}

/** How a word of a setup, source or queue shows. */
export function lookOf(word: string): Look {
  const known = LOOKS[word]
  if (known) return known
  if (/^(up|ok|active|counted|passing)$/i.test(word)) return { ...LOOKS['healthy']!, word }
  if (/^(down|failed|error|missing|timeout|refused)$/i.test(word)) return { ...LOOKS['unhealthy']!, word }
  if (/^(degraded|partial|ejected)$/i.test(word)) return { ...TROUBLED, word }
  if (/^(paused|inactive|idle|shared|skipped|maintenance)$/i.test(word)) return { ...MAINTENANCE, word }
  return { ...LOOKS['unknown']!, word }
}

const moment = (at: string): string => (Number.isNaN(Date.parse(at)) ? at : new Date(at).toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }))

/** The order as a sentence. */
export function orderText(order: Order | string | null | undefined): string | null {
  if (!order) return null
  if (typeof order === 'string') return order
  const parts = [order.reason, order.until ? `until ${moment(order.until)}` : null, order.by ? `by ${order.by}` : null]
  return parts.filter(Boolean).join(', ') || null
}
