// What queues in view truly hold: asked of their instances through the gateway, a few at a time, at most every 5 s.
import { ask } from './api'
import { live } from './live.svelte'

export interface Stats {
  pendingMessages?: number
  inFlightMessages?: number
  deadLetteredMessages?: number
}

export interface Target {
  instanceId: string
  setupId: string
  queue: string
}

const EVERY_MS = 5000
/** The most parts that are asked about: what is unfolded is read by people. */
const MOST = 40
const AT_ONCE = 4

export const keyOf = (target: Target): string => JSON.stringify([target.instanceId, target.setupId, target.queue])

/** The address of a queue on its instance; the header says which instance is meant. */
export const queuePath = (target: Target, rest: string): string => `api/v1/queues/${encodeURIComponent(target.setupId)}/${encodeURIComponent(target.queue)}/${rest}`

export const toInstance = (target: Target): Record<string, string> => ({ 'X-PeeGeeQ-Instance': encodeURIComponent(target.instanceId) === target.instanceId ? target.instanceId : '' })

/** The numbers of the targets, as long as the component lives. */
export function backlog(targets: () => readonly Target[]): { of: (target: Target) => Stats | null } {
  let known = $state.raw<ReadonlyMap<string, Stats>>(new Map())
  const wanted = $derived(JSON.stringify(targets().slice(0, MOST).filter((target) => toInstance(target)['X-PeeGeeQ-Instance'] && target.setupId)))
  $effect(() => {
    const list = JSON.parse(wanted) as Target[]
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const round = async () => {
      if (!document.hidden && !live.paused) {
        const fresh = await readAll(list, stop.signal)
        if (stop.signal.aborted) return
        known = fresh
      }
      timer = setTimeout(round, EVERY_MS)
    }
    if (list.length > 0) void round()
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  })
  return { of: (target) => known.get(keyOf(target)) ?? null }
}

async function readAll(list: readonly Target[], signal: AbortSignal): Promise<Map<string, Stats>> {
  const left = [...list]
  const found = new Map<string, Stats>()
  const worker = async () => {
    for (let target = left.shift(); target && !signal.aborted; target = left.shift()) {
      const stats = await ask<Stats>(queuePath(target, 'stats'), { signal, headers: toInstance(target) }).catch(() => null)
      if (stats) found.set(keyOf(target), stats)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, left.length) }, worker))
  return found
}
