// What an operator can order for instances: what it will do, in words, and how it is asked for.
import { ApiError, ask, instancePath } from './api'
import type { Instance } from './types'

export type Verb = 'check' | 'weight' | 'drain' | 'maintenance' | 'resume' | 'deregister'

export interface Values {
  weight: number
  reason: string
  /** Minutes; empty for no end. */
  minutes: string
}

export interface Request {
  path: string
  method: string
  body?: unknown
}

export interface Action {
  verb: Verb
  name: string
  effect: string
  fields: ('weight' | 'reason' | 'minutes')[]
  /** What has to be typed first, for what cannot be taken back. */
  typed: boolean
  danger: boolean
}

export const ACTIONS: Record<Verb, Action> = {
  check: {
    verb: 'check',
    name: 'Check now',
    effect: 'Asks for health at once and counts the result like any other check. Nothing is reconfigured.',
    fields: [],
    typed: false,
    danger: false,
  },
  weight: {
    verb: 'weight',
    name: 'Change weight',
    effect: 'Changes the share of traffic relative to the others, from the next request on. Running requests are not touched.',
    fields: ['weight'],
    typed: false,
    danger: false,
  },
  drain: {
    verb: 'drain',
    name: 'Drain',
    effect: 'Gets no new requests; running ones may end. Its data stays in the totals. “Resume” takes it back.',
    fields: ['reason', 'minutes'],
    typed: false,
    danger: false,
  },
  maintenance: {
    verb: 'maintenance',
    name: 'Maintenance',
    effect: 'Taken out of routing, and failures are expected until it is resumed. Nothing is sent to the instance itself.',
    fields: ['reason', 'minutes'],
    typed: false,
    danger: false,
  },
  resume: {
    verb: 'resume',
    name: 'Resume',
    effect: 'Ends draining or maintenance: it is routed to again as soon as it is healthy.',
    fields: ['reason'],
    typed: false,
    danger: false,
  },
  deregister: {
    verb: 'deregister',
    name: 'Deregister',
    effect: 'Forgets the instance: no routing, no checks, not part of any total. The instance itself goes on running, and can be registered again.',
    fields: [],
    typed: true,
    danger: true,
  },
}

const PRESENCE = { drain: 'draining', maintenance: 'maintenance', resume: 'serving' } as const

export function requestFor(verb: Verb, instance: Instance, values: Values): Request {
  const id = instance.instanceId
  switch (verb) {
    case 'check':
      return { path: instancePath(id, '/health/check'), method: 'POST' }
    case 'weight':
      return { path: instancePath(id), method: 'PUT', body: { weight: values.weight, revision: instance.revision } }
    case 'deregister':
      return { path: instancePath(id, '/deregister'), method: 'DELETE' }
    default: {
      const body: Record<string, unknown> = {}
      if (values.reason) body['reason'] = values.reason
      if (values.minutes && verb !== 'resume') body['for'] = `${values.minutes}m`
      return { path: instancePath(id, `/${verb}`), method: 'POST', body }
    }
  }
}

/** A manager without the verbs takes the same order as a change of presence; reason and end are then not kept. */
export function fallbackFor(verb: Verb, instance: Instance): Request | null {
  if (verb !== 'drain' && verb !== 'maintenance' && verb !== 'resume') return null
  return { path: instancePath(instance.instanceId), method: 'PUT', body: { presence: PRESENCE[verb], revision: instance.revision } }
}

/** Does it. Says in words what came of it. */
export async function perform(verb: Verb, instance: Instance, values: Values): Promise<string> {
  const send = (request: Request) => ask<Record<string, unknown>>(request.path, { method: request.method, body: request.body, timeoutMs: 20_000 })
  try {
    const answer = await send(requestFor(verb, instance, values))
    if (verb === 'check') return `${String(answer?.['status'] ?? 'checked')}${answer?.['error'] ? `: ${String(answer['error'])}` : ''}`
    return typeof answer?.['message'] === 'string' ? answer['message'] : 'done'
  } catch (error) {
    const fallback = fallbackFor(verb, instance)
    if (!fallback || !(error instanceof ApiError) || !error.notOffered) throw error
    await send(fallback)
    const lost = values.reason || values.minutes ? ' (this manager keeps no reason and no end)' : ''
    return `done${lost}`
  }
}

/** Does it for many, a few at a time; tells each result as it comes. */
export async function performAll(
  verb: Verb,
  instances: readonly Instance[],
  values: Values,
  result: (id: string, ok: boolean, text: string) => void,
): Promise<void> {
  const left = [...instances]
  const worker = async () => {
    for (let instance = left.shift(); instance; instance = left.shift()) {
      try {
        result(instance.instanceId, true, await perform(verb, instance, values))
      } catch (error) {
        result(instance.instanceId, false, error instanceof Error ? error.message : String(error))
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(4, left.length) }, worker))
}

/** Which actions make sense for these. */
export function possible(instances: readonly Instance[]): Verb[] {
  const resting = instances.some((instance) => instance.presence !== 'serving')
  const serving = instances.some((instance) => instance.presence === 'serving' || instance.presence === 'starting')
  const notInMaintenance = instances.some((instance) => instance.presence !== 'maintenance')
  const verbs: Verb[] = ['check', 'weight']
  if (resting) verbs.push('resume')
  if (serving) verbs.push('drain')
  if (notInMaintenance) verbs.push('maintenance')
  return [...verbs, 'deregister']
}
