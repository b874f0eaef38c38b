// Names for the shapes of the API. What is generated from its description stands in schema.d.ts; what the description does
// not have yet stands here.
import type { components } from './schema'

type Schemas = components['schemas']

/** What an operator ordered, with reason and end, where the manager keeps one. */
export interface Order {
  presence?: string
  reason?: string | null
  until?: string | null
  by?: string | null
  since?: string | null
}

export type Instance = Schemas['InstanceView'] & { order?: Order | string | null }
export type Setup = Schemas['SetupView']
export type HealthCheck = Schemas['HealthCheckView']
export type ManagerDetail = Schemas['HealthDetail']
export type Source = Schemas['SourceView']
export type Overview = Schemas['FederatedOverview']
export type Metrics = Schemas['FederatedMetrics']
export type Queues = Schemas['GroupedQueues']
export type Groups = Schemas['GroupedGroups']
export type Stores = Schemas['GroupedStores']
export type RegisterRequest = Schemas['RegisterRequest']
export type UpdateRequest = Schemas['UpdateRequest']

/** What all federated answers say about themselves. */
export interface Envelope {
  timestamp: string
  complete: boolean
  instancesQueried: number
  coverage: Schemas['CoverageView']
  sources: Source[]
  failedInstances: Schemas['FailedInstance'][]
  unavailable: string[]
}

export interface InstanceList {
  instances: Instance[]
  totalInstances: number
  timestamp: string
}

/** An entry of the journal. */
export interface JournalEvent {
  id: string
  at: string
  kind: string
  instanceId: string | null
  summary: string
  details?: unknown
}

export interface Events {
  events: JournalEvent[]
  next: string | null
  timestamp: string
}

/** A change as the stream of updates tells it. */
export interface Change {
  kind: 'instance.added' | 'instance.updated' | 'instance.removed'
  instanceId: string
  instance: Instance | null
  generation: number
  timestamp: string
}
