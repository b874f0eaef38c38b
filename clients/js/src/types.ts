// Names for the shapes of the API. They come from the OpenAPI document (schema.ts is generated); nothing is written twice.
import type { components, operations } from './schema.js'

type Schemas = components['schemas']

/** The answer of an operation when all went well. */
export type Answer<Name extends keyof operations> = operations[Name] extends { responses: infer Responses }
  ? Responses extends { 200: { content: { 'application/json': infer Body } } }
    ? Body
    : Responses extends { 201: { content: { 'application/json': infer Body } } }
      ? Body
      : Responses extends { 202: { content: { 'application/json': infer Body } } }
        ? Body
        : never
  : never

/** The query of an operation. */
export type Query<Name extends keyof operations> = operations[Name] extends { parameters: { query?: infer Parameters } }
  ? NonNullable<Parameters>
  : never

/** The body that an operation takes. */
export type Body<Name extends keyof operations> = operations[Name] extends { requestBody: { content: { 'application/json': infer Sent } } }
  ? Sent
  : never

/** Which instances a list shows. Any `metadata.KEY` is a filter too. */
export type InstanceFilter = Query<'listInstances'> & { [metadata: `metadata.${string}`]: string }
/** What a federated question may say. */
export type FederatedQuery = Query<'getFederationQueues'>
/** Which events are asked for. */
export type EventQuery = Query<'listEvents'>

export type Instance = Schemas['InstanceList']['instances'][number]
export type InstanceList = Schemas['InstanceList']
export type InstanceRead = Schemas['InstanceRead']
export type InstanceRegistration = Body<'registerInstance'>
export type InstanceUpdate = Body<'updateInstance'>
export type InstanceOrder = Body<'drainInstance'>
export type FederatedOverview = Schemas['FederatedOverview']
export type FederatedQueues = Schemas['GroupedQueues']
export type FederatedConsumerGroups = Schemas['GroupedGroups']
export type FederatedEventStores = Schemas['GroupedStores']
export type FederatedMetrics = Schemas['FederatedMetrics']
export type ServiceHealth = Schemas['ManagerHealth']
export type EventsPage = Schemas['EventsPage']
export type JournalEvent = Schemas['EventsPage']['events'][number]
export type RoutingView = Schemas['RoutingView']
export type RouteView = Schemas['RouteView']
