// Every endpoint as a method. The guide's methods have the guide's names and results.
import { ServiceManagerError } from './errors.js'
import { startPolling } from './polling.js'
import { Transport, type CallOptions, type ClientOptions } from './transport.js'
import type { Answer, Body, EventQuery, FederatedQuery, InstanceFilter, InstanceOrder, InstanceRegistration, InstanceUpdate, Query } from './types.js'
import { Subscription, type Update, type UpdateOptions } from './updates.js'

/** What polling tells: both answers, or why there are none. */
export type PollResult =
  | { instances: Answer<'listInstances'>; overview: Answer<'getFederationOverview'>; error?: undefined }
  | { error: string; instances?: undefined; overview?: undefined }

type Signal = Pick<CallOptions, 'signal'>

const at = (id: string, rest = '') => `/api/v1/instances/${encodeURIComponent(id)}${rest}`

const ROLLING = '/api/v1/routing/rolling-restart'
const rolling = (id: string, rest = '') => `${ROLLING}/${encodeURIComponent(id)}${rest}`

/**
 * A PeeGeeQ Service Manager.
 *
 * A call takes at most `timeout` milliseconds. Only calls that change nothing are sent again. Failures are {@link ServiceManagerError}s.
 */
export class PeeGeeQServiceManagerClient {
  /** Where the manager is. */
  baseUrl: string
  /** Milliseconds that a call may take. */
  timeout: number
  readonly #transport: Transport

  constructor(where: string | ClientOptions = {}) {
    const options = typeof where === 'string' ? { baseUrl: where } : where
    this.baseUrl = options.baseUrl ?? 'http://localhost:9090'
    this.timeout = options.timeout ?? 10_000
    this.#transport = new Transport(options, () => this)
  }

  /** Any request of the manager's, or of an instance's through it; the answer as JSON. */
  request<T = unknown>(method: string, path: string, call: CallOptions = {}): Promise<T> {
    return this.#transport.json<T>(method, path, call)
  }

  #get<T>(path: string, query: object = {}, call: CallOptions = {}): Promise<T> {
    return this.#transport.json<T>('GET', path, { ...call, query })
  }

  // The registry

  /** Registers an instance, or changes the one of the same id. */
  registerInstance(instance: InstanceRegistration): Promise<Answer<'registerInstance'>> {
    return this.request('POST', '/api/v1/instances/register', { body: instance })
  }

  /** All instances, or those that the filters let through. */
  getAllInstances(filters: InstanceFilter = {}, call: Signal = {}): Promise<Answer<'listInstances'>> {
    return this.#get('/api/v1/instances', filters, call)
  }

  /** One instance, as it is or as it was. */
  getInstance(instanceId: string, query: Query<'getInstance'> = {}): Promise<Answer<'getInstance'>> {
    return this.#get(at(instanceId), query)
  }

  /** Changes weight, metadata or presence. */
  updateInstance(instanceId: string, update: InstanceUpdate): Promise<Answer<'updateInstance'>> {
    return this.request('PUT', at(instanceId), { body: update })
  }

  /** Takes an instance out of the registry. */
  deregisterInstance(instanceId: string): Promise<Answer<'deregisterInstance'>> {
    return this.request('DELETE', at(instanceId, '/deregister'))
  }

  /** Asks an instance for its health now. A failure does not count for its state. */
  checkInstanceHealth(instanceId: string): Promise<Answer<'checkInstanceHealth'>> {
    return this.#get(at(instanceId, '/health'))
  }

  /** Probes an instance now, as one of its regular checks. */
  forceInstanceHealthCheck(instanceId: string): Promise<Answer<'forceInstanceHealthCheck'>> {
    return this.request('POST', at(instanceId, '/health/check'))
  }

  /** Sends an instance no new work. */
  drainInstance(instanceId: string, order: InstanceOrder = {}): Promise<Answer<'drainInstance'>> {
    return this.request('POST', at(instanceId, '/drain'), { body: order })
  }

  /** Takes an instance out of service without watching it. */
  maintainInstance(instanceId: string, order: InstanceOrder = {}): Promise<Answer<'maintainInstance'>> {
    return this.request('POST', at(instanceId, '/maintenance'), { body: order })
  }

  /** Ends drain or maintenance. */
  resumeInstance(instanceId: string, order: Body<'resumeInstance'> = {}): Promise<Answer<'resumeInstance'>> {
    return this.request('POST', at(instanceId, '/resume'), { body: order })
  }

  // The whole cluster, grouped by name

  getFederatedOverview(query: FederatedQuery = {}, call: Signal = {}): Promise<Answer<'getFederationOverview'>> {
    return this.#get('/api/v1/federation/overview', query, call)
  }

  getFederatedQueues(query: FederatedQuery = {}): Promise<Answer<'getFederationQueues'>> {
    return this.#get('/api/v1/federation/queues', query)
  }

  getFederatedConsumerGroups(query: FederatedQuery = {}): Promise<Answer<'getFederationConsumerGroups'>> {
    return this.#get('/api/v1/federation/consumer-groups', query)
  }

  getFederatedEventStores(query: FederatedQuery = {}): Promise<Answer<'getFederationEventStores'>> {
    return this.#get('/api/v1/federation/event-stores', query)
  }

  getFederatedMetrics(query: FederatedQuery = {}): Promise<Answer<'getFederationMetrics'>> {
    return this.#get('/api/v1/federation/metrics', query)
  }

  // The same, one row each with its source; without healthy instances empty instead of refused

  getFlatOverview(query: FederatedQuery = {}): Promise<Answer<'getFederatedOverview'>> {
    return this.#get('/api/v1/federated/overview', query)
  }

  getFlatQueues(query: FederatedQuery = {}): Promise<Answer<'getFederatedQueues'>> {
    return this.#get('/api/v1/federated/queues', query)
  }

  getFlatConsumerGroups(query: FederatedQuery = {}): Promise<Answer<'getFederatedConsumerGroups'>> {
    return this.#get('/api/v1/federated/consumer-groups', query)
  }

  getFlatEventStores(query: FederatedQuery = {}): Promise<Answer<'getFederatedEventStores'>> {
    return this.#get('/api/v1/federated/event-stores', query)
  }

  getFlatMetrics(query: FederatedQuery = {}): Promise<Answer<'getFederatedMetrics'>> {
    return this.#get('/api/v1/federated/metrics', query)
  }

  // One instance's own answers, passed on

  getInstanceOverview(instanceId: string): Promise<Answer<'getInstanceOverview'>> {
    return this.#get(at(instanceId, '/overview'))
  }

  getInstanceQueues(instanceId: string): Promise<Answer<'getInstanceQueues'>> {
    return this.#get(at(instanceId, '/queues'))
  }

  getInstanceConsumerGroups(instanceId: string): Promise<Answer<'getInstanceConsumerGroups'>> {
    return this.#get(at(instanceId, '/consumer-groups'))
  }

  getInstanceEventStores(instanceId: string): Promise<Answer<'getInstanceEventStores'>> {
    return this.#get(at(instanceId, '/event-stores'))
  }

  getInstanceMetrics(instanceId: string): Promise<Answer<'getInstanceMetrics'>> {
    return this.#get(at(instanceId, '/metrics'))
  }

  // What happened

  getEvents(query: EventQuery = {}): Promise<Answer<'listEvents'>> {
    return this.#get('/api/v1/events', query)
  }

  getInstanceHistory(instanceId: string, query: Omit<EventQuery, 'instance'> = {}): Promise<Answer<'getInstanceHistory'>> {
    return this.#get(at(instanceId, '/history'), query)
  }

  getInstanceAvailability(instanceId: string, query: Query<'getInstanceAvailability'> = {}): Promise<Answer<'getInstanceAvailability'>> {
    return this.#get(at(instanceId, '/availability'), query)
  }

  /** What differs between two instants. */
  getDifferences(query: Query<'diffInstances'>): Promise<Answer<'diffInstances'>> {
    return this.#get('/api/v1/events/diff', query)
  }

  /** What failed together, the newest first. */
  getIncidents(query: Query<'listIncidents'> = {}): Promise<Answer<'listIncidents'>> {
    return this.#get('/api/v1/incidents', query)
  }

  /** One incident with its timeline. */
  getIncident(incidentId: string): Promise<Answer<'getIncident'>> {
    return this.#get(`/api/v1/incidents/${encodeURIComponent(incidentId)}`)
  }

  /** The same as a page of Markdown. */
  getIncidentMarkdown(incidentId: string): Promise<string> {
    const path = `/api/v1/incidents/${encodeURIComponent(incidentId)}`
    return this.#transport.limited('GET', path, { query: { format: 'markdown' }, headers: { Accept: 'text/markdown' } }, (response) => response.text())
  }

  // Routing

  getRouting(query: Query<'getRouting'> = {}): Promise<Answer<'getRouting'>> {
    return this.#get('/api/v1/routing', query)
  }

  /** Who would get a request, who not, and why. Sends nothing to an instance. */
  explainRoute(question: Body<'explainRoute'>): Promise<Answer<'explainRoute'>> {
    return this.request('POST', '/api/v1/routing/explain', { body: question })
  }

  /** Takes instances out one after the other, for you to restart. */
  beginRollingRestart(request: Body<'beginRollingRestart'>): Promise<Answer<'beginRollingRestart'>> {
    return this.request('POST', ROLLING, { body: request })
  }

  getRollingRestarts(): Promise<Answer<'listRollingRestarts'>> {
    return this.#get(ROLLING)
  }

  /** How far one is. */
  getRollingRestart(restartId: string): Promise<Answer<'getRollingRestart'>> {
    return this.#get(rolling(restartId))
  }

  pauseRollingRestart(restartId: string, word: Body<'pauseRollingRestart'> = {}): Promise<Answer<'pauseRollingRestart'>> {
    return this.request('POST', rolling(restartId, '/pause'), { body: word })
  }

  continueRollingRestart(restartId: string, word: Body<'continueRollingRestart'> = {}): Promise<Answer<'continueRollingRestart'>> {
    return this.request('POST', rolling(restartId, '/continue'), { body: word })
  }

  /** Calls it off, and lets in again who was taken out. */
  cancelRollingRestart(restartId: string): Promise<Answer<'cancelRollingRestart'>> {
    return this.request('POST', rolling(restartId, '/cancel'))
  }

  /** Says that an instance was restarted, when that was too quick to be seen. */
  tellRestarted(restartId: string, instanceId: string): Promise<Answer<'tellRestarted'>> {
    return this.request('POST', rolling(restartId, `/instances/${encodeURIComponent(instanceId)}/restarted`))
  }

  // The cluster in the shape of one instance

  getManagementOverview(query: Query<'getManagementOverview'> = {}): Promise<Answer<'getManagementOverview'>> {
    return this.#get('/api/v1/management/overview', query)
  }

  getManagementQueues(query: Query<'getManagementQueues'> = {}): Promise<Answer<'getManagementQueues'>> {
    return this.#get('/api/v1/management/queues', query)
  }

  getManagementConsumerGroups(query: Query<'getManagementConsumerGroups'> = {}): Promise<Answer<'getManagementConsumerGroups'>> {
    return this.#get('/api/v1/management/consumer-groups', query)
  }

  getManagementEventStores(query: Query<'getManagementEventStores'> = {}): Promise<Answer<'getManagementEventStores'>> {
    return this.#get('/api/v1/management/event-stores', query)
  }

  getManagementMetrics(query: Query<'getManagementMetrics'> = {}): Promise<Answer<'getManagementMetrics'>> {
    return this.#get('/api/v1/management/metrics', query)
  }

  /** The setups of all instances. */
  getSetups(query: Query<'listSetups'> = {}): Promise<Answer<'listSetups'>> {
    return this.#get('/api/v1/setups', query)
  }

  getInstanceShapedHealth(): Promise<Answer<'getInstanceShapedHealth'>> {
    return this.#get('/api/v1/health')
  }

  // The manager itself

  getServiceHealth(): Promise<Answer<'getServiceHealth'>> {
    return this.#get('/health')
  }

  /** The managers of this cluster. */
  getManagers(): Promise<Answer<'listManagers'>> {
    return this.#get('/api/v1/managers')
  }

  /** The settings of the manager that is asked, with where each comes from. */
  getManagerSettings(): Promise<Answer<'getManagerSettings'>> {
    return this.#get('/api/v1/managers/self/settings')
  }

  getHealthDetail(): Promise<Answer<'getHealthDetail'>> {
    return this.#get('/health/detail')
  }

  getLiveness(): Promise<Answer<'getLiveness'>> {
    return this.#get('/health/live')
  }

  /** Whether the manager takes part; "not" is an answer too. */
  getReadiness(): Promise<Answer<'getReadiness'>> {
    return this.#get('/health/ready', {}, { accept: [503] })
  }

  /** The manager's own metrics as Prometheus reads them. */
  getMetrics(): Promise<string> {
    return this.#transport.limited('GET', '/metrics', { headers: { Accept: 'text/plain' } }, (response) => response.text())
  }

  // As it happens

  /** Calls `callback` with a snapshot and then with each change, until the subscription is closed. Reconnects by itself. */
  subscribeToUpdates(callback: (update: Update) => void, options: UpdateOptions = {}): Subscription {
    return new Subscription(this.#transport, callback, options)
  }

  /** Calls `callback` with instances and overview now and every `interval` milliseconds. Gives the function that ends it. */
  startPolling(callback: (result: PollResult) => void, interval = 30_000): () => void {
    return startPolling(async (signal) => {
      const result = await this.#poll(signal)
      if (!signal.aborted) callback(result)
    }, interval)
  }

  async #poll(signal: AbortSignal): Promise<PollResult> {
    try {
      const [instances, overview] = await Promise.all([this.getAllInstances({}, { signal }), this.getFederatedOverview({}, { signal })])
      return { instances, overview }
    } catch (error) {
      return { error: error instanceof ServiceManagerError ? error.message : String(error) }
    }
  }
}
