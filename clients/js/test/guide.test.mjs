// The guide's methods and all others against a running manager.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { PeeGeeQServiceManagerClient, ServiceManagerError } from '../dist/index.js'
import { startManager, until } from './manager.mjs'

let manager
let client
before(async () => {
  manager = await startManager()
  client = new PeeGeeQServiceManagerClient(manager.url)
  await until('three healthy instances', async () => (await client.getAllInstances({ status: 'healthy' })).count === 3)
  await until('numbers of all', async () => (await client.getFederatedOverview({ fresh: true })).complete)
})
after(() => manager.stop())

describe('the methods of the guide', () => {
  it('registers, lists, reads, checks and deregisters', async () => {
    const registered = await client.registerInstance({
      instanceId: 'web 01/ü', host: '127.0.0.1', port: 9, version: '1.2.0', environment: 'staging', region: 'us-east-1', metadata: { zone: 'a' },
    })
    assert.equal(registered.instanceId, 'web 01/ü')
    const listed = await client.getAllInstances({ environment: 'staging', 'metadata.zone': 'a' })
    assert.deepEqual(listed.instances.map((row) => row.instanceId), ['web 01/ü'])
    assert.equal((await client.getInstance('web 01/ü')).instance.host, '127.0.0.1')
    assert.equal((await client.checkInstanceHealth('web 01/ü')).healthy, false)
    assert.match((await client.deregisterInstance('web 01/ü')).message, /unregistered/)
    await assert.rejects(client.getInstance('web 01/ü'), { name: 'ServiceManagerError', kind: 'refused', status: 404, message: /^HTTP 404: / })
  })

  it('asks the whole cluster', async () => {
    assert.equal((await client.getFederatedOverview()).instanceCount, 3)
    assert.ok((await client.getFederatedQueues()).queueCount > 0)
    assert.ok((await client.getFederatedConsumerGroups()).consumerGroups.length > 0)
    assert.ok((await client.getFederatedEventStores()).eventStores.length > 0)
    assert.ok((await client.getFederatedMetrics()).metrics)
    assert.equal((await client.getServiceHealth()).status, 'UP')
  })

  it('asks one instance', async () => {
    for (const ask of ['Overview', 'Queues', 'Metrics', 'ConsumerGroups', 'EventStores']) {
      assert.equal(typeof (await client[`getInstance${ask}`]('peegeeq-demo-01')), 'object', ask)
    }
  })

  it('polls, and stops', async () => {
    const told = []
    const stop = client.startPolling((result) => told.push(result), 10)
    await until('three polls', () => told.length >= 3)
    stop()
    assert.equal(told[0].instances.count, 3)
    assert.equal(told[0].overview.instanceCount, 3)
    const seen = told.length
    await client.getAllInstances()
    assert.ok(told.length <= seen + 1)
  })
})

describe('everything else', () => {
  it('gives orders', async () => {
    assert.equal((await client.drainInstance('peegeeq-demo-02', { reason: 'upgrade' })).presence, 'draining')
    assert.equal((await client.resumeInstance('peegeeq-demo-02')).presence, 'serving')
    assert.equal((await client.maintainInstance('peegeeq-demo-02', { reason: 'disk' })).presence, 'maintenance')
    await client.resumeInstance('peegeeq-demo-02')
    assert.equal((await client.updateInstance('peegeeq-demo-02', { weight: 3 })).changed, true)
    assert.equal((await client.getInstance('peegeeq-demo-02')).instance.weight, 3)
    assert.ok('healthy' in (await client.forceInstanceHealthCheck('peegeeq-demo-02')))
  })

  it('reads what happened', async () => {
    const events = await client.getEvents({ kind: 'instance.', order: 'desc', limit: 5 })
    assert.ok(events.events.length > 0)
    assert.ok((await client.getInstanceHistory('peegeeq-demo-02')).events.length > 0)
    assert.equal((await client.getInstanceAvailability('peegeeq-demo-01', { window: '1h' })).instanceId, 'peegeeq-demo-01')
  })

  it('leads a rolling restart, and calls it off', async () => {
    const begun = await client.beginRollingRestart({ instanceIds: ['peegeeq-demo-03'], reason: 'upgrade' })
    assert.deepEqual((await client.getRollingRestarts()).restarts.map((one) => one.restartId), [begun.restartId])
    assert.equal((await client.pauseRollingRestart(begun.restartId, { reason: 'lunch' })).restartId, begun.restartId)
    assert.equal((await client.getRollingRestart(begun.restartId)).restartId, begun.restartId)
    assert.equal((await client.cancelRollingRestart(begun.restartId)).restartId, begun.restartId)
    await until('it being served again', async () => (await client.getInstance('peegeeq-demo-03')).instance.presence === 'serving')
    await assert.rejects(client.getIncident('4711'), { status: 404 })
    await assert.rejects(client.getIncidentMarkdown('4711'), { status: 404 })
  })

  it('tells all faults of a registration', async () => {
    const error = await client.registerInstance({ instanceId: '', host: '', port: 0 }).catch((error) => error)
    assert.ok(error instanceof ServiceManagerError)
    assert.equal(error.status, 400)
    assert.deepEqual(error.details.map((detail) => detail.field).sort(), ['host', 'instanceId', 'port'])
    assert.equal(typeof error.requestId, 'string')
  })

  it('has a method for every operation of the API, and each answers', async () => {
    const { paths } = JSON.parse(readFileSync(new URL('../../../contract/openapi.json', import.meta.url)))
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId).filter(Boolean))
    const named = operations.filter((name) => !streams.includes(name) && typeof client[renamed[name] ?? name] !== 'function')
    assert.deepEqual(named, [], 'operations without a method')
    for (const name of operations.filter((name) => name.startsWith('get') && !/Instance|Differences|^getIncident$|^getRollingRestart$/.test(name) && !streams.includes(name))) {
      assert.ok(await client[renamed[name] ?? name](), name)
    }
    assert.ok((await client.explainRoute({ path: '/api/v1/queues/demo-01/orders/stats' })) instanceof Object)
  })
})

/** Followed by `subscribeToUpdates`, or streams of instances which browsers open themselves. */
const streams = ['streamMetrics', 'streamQueueChanges', 'streamUpdates', 'streamMetricsOldPath', 'openHealthSocket', 'openMonitoringSocket', 'socketUpdates', 'getHealthEvent']
const renamed = {
  listInstances: 'getAllInstances', listEvents: 'getEvents', listSetups: 'getSetups', listIncidents: 'getIncidents', listManagers: 'getManagers', listRollingRestarts: 'getRollingRestarts', diffInstances: 'getDifferences', deleteInstance: 'deregisterInstance',
  getFederationOverview: 'getFederatedOverview', getFederationQueues: 'getFederatedQueues', getFederationConsumerGroups: 'getFederatedConsumerGroups',
  getFederationEventStores: 'getFederatedEventStores', getFederationMetrics: 'getFederatedMetrics',
  getFederatedOverview: 'getFlatOverview', getFederatedQueues: 'getFlatQueues', getFederatedConsumerGroups: 'getFlatConsumerGroups',
  getFederatedEventStores: 'getFlatEventStores', getFederatedMetrics: 'getFlatMetrics',
}
