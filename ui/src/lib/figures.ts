// The three federated tables as one: which address, which columns, and a name with its parts on the instances.
import type { Column } from '../parts/DataTable.svelte'
import { bytes, count, decimal, ratio, rate, text } from './format'
import type { Cell } from './sort'
import type { Envelope, Groups, Queues, Stores } from './types'

export interface Part {
  id: string
  /** Instance and setup: what the small line follows, wherever the row stands. */
  place: string
  instanceId: string
  setupId: string
  standing: string
  values: Record<string, Cell>
}

export interface Figure {
  name: string
  values: Record<string, Cell>
  parts: Part[]
}

export interface Kind {
  path: string
  what: string
  columns: Column[]
  /** The column the small line follows. */
  spark: string
  rows: (answer: Envelope) => Figure[]
  totals: (answer: Envelope) => [string, string][]
  show: (key: string, value: Cell) => string
}

const number = (key: string, name: string, from = 0): Column => ({ key, name, number: true, sortable: true, from, width: '104px' })
const name: Column = { key: 'name', name: 'Name', sortable: true }
const where: Column = { key: 'instances', name: 'Instances', number: true, sortable: true, from: 700, width: '96px' }
const line: Column = { key: 'spark', name: 'Trend', width: '112px', from: 620 }
const state: Column = { key: 'status', name: 'State', sortable: true, width: '116px', from: 560 }

/** One state for a name: the same everywhere, or how many are not. */
function common(parts: { status?: string | null }[]): string | null {
  const states = new Set(parts.map((part) => part.status ?? 'unknown'))
  return states.size === 1 ? [...states][0]! : states.size === 0 ? null : 'mixed'
}

const SHOW: Record<string, (value: Cell) => string> = {
  messages: (value) => count(value as number),
  rate: (value) => rate(value as number),
  errorRate: (value) => ratio(value as number),
  storage: (value) => (typeof value === 'number' ? bytes(value) : text(value as string)),
  status: (value) => text(value as string),
}

const show = (key: string, value: Cell): string => (SHOW[key] ? SHOW[key](value) : typeof value === 'number' ? count(value) : text(value as string | null))

const part = (row: { instanceId: string; setupId?: string | null; standing?: string | null }, at: number, values: Record<string, Cell>): Part => ({
  id: `${row.instanceId}\n${row.setupId ?? ''}\n${at}`,
  place: `${row.instanceId}\n${row.setupId ?? ''}`,
  instanceId: row.instanceId,
  setupId: row.setupId ?? '',
  standing: row.standing ?? 'counted',
  values,
})

const queues: Kind = {
  path: 'api/v1/federation/queues',
  what: 'Queues',
  spark: 'messages',
  columns: [name, where, number('messages', 'Messages'), line, number('rate', 'Rate', 420), number('consumers', 'Consumers', 420), number('errorRate', 'Errors', 900), state],
  rows: (answer) =>
    (answer as unknown as Queues).queues.map((queue) => ({
      name: queue.queueName,
      values: {
        name: queue.queueName,
        instances: queue.instances.length,
        messages: queue.totalMessages,
        consumers: queue.totalConsumers,
        rate: sum(queue.instances.filter(counted).map((row) => row.processingRate)),
        status: common(queue.instances),
      },
      parts: queue.instances.map((row, at) =>
        part(row, at, { messages: row.messageCount, consumers: row.consumerCount, rate: row.processingRate, errorRate: row.errorRate, status: row.status }),
      ),
    })),
  totals: (answer) => {
    const stats = (answer as unknown as Queues).aggregatedStats
    return [['Messages', count(stats.totalMessages)], ['Consumers', count(stats.totalConsumers)], ['Mean rate', rate(stats.averageProcessingRate)], ['Mean time', text(stats.averageProcessingTime)]]
  },
  show,
}

const groups: Kind = {
  path: 'api/v1/federation/consumer-groups',
  what: 'Consumer groups',
  spark: 'consumers',
  columns: [name, where, number('consumers', 'Consumers'), line, number('processed', 'Processed'), number('lag', 'Lag', 420), state],
  rows: (answer) =>
    (answer as unknown as Groups).consumerGroups.map((group) => ({
      name: group.groupId,
      values: { name: group.groupId, instances: group.instances.length, consumers: group.totalConsumers, processed: group.totalMessagesProcessed, lag: group.totalLag, status: common(group.instances) },
      parts: group.instances.map((row, at) =>
        part(row, at, { consumers: row.consumerCount, processed: row.messagesProcessed, lag: row.lag, status: row.status }),
      ),
    })),
  totals: (answer) => {
    const stats = (answer as unknown as Groups).aggregatedStats
    return [['Consumers', count(stats.totalConsumers)], ['Active groups', count(stats.activeGroups)], ['Inactive', count(stats.inactiveGroups)], ['Lag', count(stats.totalLag)]]
  },
  show,
}

const stores: Kind = {
  path: 'api/v1/federation/event-stores',
  what: 'Event stores',
  spark: 'events',
  columns: [name, where, number('events', 'Events'), line, number('streams', 'Streams'), number('corrections', 'Corrections', 900), number('storage', 'Storage', 1000), state],
  rows: (answer) =>
    (answer as unknown as Stores).eventStores.map((store) => ({
      name: store.storeName,
      values: {
        name: store.storeName,
        instances: store.instances.length,
        events: store.totalEvents,
        streams: store.totalStreams,
        corrections: sum(store.instances.filter(counted).map((row) => row.correctionCount)),
        storage: store.totalStorageSize as Cell,
        status: common(store.instances),
      },
      parts: store.instances.map((row, at) =>
        part(row, at, { events: row.eventCount, streams: row.streamCount, corrections: row.correctionCount, storage: row.storageSize as Cell, status: row.status }),
      ),
    })),
  totals: (answer) => {
    const stats = (answer as unknown as Stores).aggregatedStats
    return [['Events', count(stats.totalEvents)], ['Streams', count(stats.totalStreams)], ['Corrections', count(stats.totalCorrections)], ['Events a stream', decimal(stats.averageEventsPerStream)]]
  },
  show,
}

const counted = (row: { standing?: string | null }): boolean => (row.standing ?? 'counted') === 'counted'

/** A sum of which a part is unknown is unknown: it would pass for the whole. */
export function sum(values: (number | null | undefined)[]): number | null {
  let total = 0
  for (const value of values) {
    if (value == null) return null
    total += value
  }
  return values.length === 0 ? null : total
}

export const KINDS: Record<string, Kind> = { queues, 'consumer-groups': groups, 'event-stores': stores }
