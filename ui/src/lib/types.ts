// Names for the shapes of the API. What is generated from its description stands in schema.d.ts; what the description does
// not have yet stands here.
import type { components } from './schema'

type Schemas = components['schemas']

export type Order = Schemas['OrderView']
export type Instance = Schemas['InstanceView']
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

export type InstanceList = Schemas['InstanceList']
/** What is known of a time in the past. */
export type PastView = Schemas['PastView']
export type Differences = Schemas['DiffAnswer']
export type Availability = Schemas['AvailabilityAnswer']
export type ManagersAnswer = Schemas['ManagersAnswer']
export type ManagerView = Schemas['ManagerView']
export type ManagerSettings = Schemas['ManagerSettings']
export type Routing = Schemas['RoutingView']
export type Routed = Schemas['RoutedInstanceView']
export type Explained = Schemas['RouteView']
export type ExplainRequest = Schemas['ExplainRequest']
export type Incident = Schemas['IncidentView']
export type Incidents = Schemas['IncidentsPage']
export type IncidentAnswer = Schemas['IncidentAnswer']

/** An entry of the journal; a page may make one of what it saw itself. */
export type JournalEvent = Omit<Schemas['EventView'], 'details'> & { details?: unknown }
export type Events = Omit<Schemas['EventsPage'], 'events'> & { events: JournalEvent[] }

/** A change as the stream of updates tells it. */
export interface Change {
  kind: 'instance.added' | 'instance.updated' | 'instance.removed'
  instanceId: string
  instance: Instance | null
  generation: number
  timestamp: string
}
