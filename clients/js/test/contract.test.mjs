// The golden files of contract/, which every client reads: what the guide writes is sent so, and what it answers comes through.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, it } from 'node:test'
import { PeeGeeQServiceManagerClient } from '../dist/index.js'

const golden = (name) => JSON.parse(readFileSync(new URL(`../../../contract/${name}.json`, import.meta.url)))
const guide = (name) => ({ status: 200, body: golden(`guide/${name}`) })
const refused = (name) => ({ status: golden(`guide/${name}`).status, body: golden(`guide/${name}`) })
const original = (name) => golden(`original/${name}`)

let answer
let seen
let server
let client
before(async () => {
  server = createServer(async (request, response) => {
    const pieces = await Array.fromAsync?.(request) ?? (await request.toArray())
    seen = { method: request.method, path: request.url, body: Buffer.concat(pieces).toString() }
    response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer.body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  client = new PeeGeeQServiceManagerClient(`http://127.0.0.1:${server.address().port}`)
})
after(() => server.close())

const calls = [
  ['GET /api/v1/instances', () => client.getAllInstances(), guide('list'), original('list')],
  ['GET /api/v1/instances?environment=production&status=healthy', () => client.getAllInstances({ environment: 'production', status: 'healthy' }), guide('list-filtered'), original('list-filtered')],
  ['GET /api/v1/instances/peegeeq-prod-01', () => client.getInstance('peegeeq-prod-01'), guide('read')],
  ['DELETE /api/v1/instances/peegeeq-prod-01/deregister', () => client.deregisterInstance('peegeeq-prod-01'), guide('deregister'), original('deregister')],
  ['GET /api/v1/instances/peegeeq-prod-01/health', () => client.checkInstanceHealth('peegeeq-prod-01'), guide('check'), guide('check-unhealthy'), original('check')],
  ['GET /api/v1/federation/overview', () => client.getFederatedOverview(), guide('federation-overview')],
  ['GET /api/v1/federation/queues', () => client.getFederatedQueues(), guide('federation-queues')],
  ['GET /api/v1/federation/consumer-groups', () => client.getFederatedConsumerGroups(), guide('federation-consumer-groups')],
  ['GET /api/v1/federation/event-stores', () => client.getFederatedEventStores(), guide('federation-event-stores')],
  ['GET /api/v1/federation/metrics', () => client.getFederatedMetrics(), guide('federation-metrics')],
  ['GET /api/v1/federated/overview', () => client.getFlatOverview(), original('federated-overview'), original('federated-overview-empty')],
  ['GET /api/v1/federated/queues', () => client.getFlatQueues(), original('federated-queues'), original('federated-queues-empty')],
  ['GET /api/v1/federated/consumer-groups', () => client.getFlatConsumerGroups(), original('federated-consumer-groups'), original('federated-consumer-groups-empty')],
  ['GET /api/v1/federated/event-stores', () => client.getFlatEventStores(), original('federated-event-stores'), original('federated-event-stores-empty')],
  ['GET /api/v1/federated/metrics', () => client.getFlatMetrics(), original('federated-metrics'), original('federated-metrics-empty')],
  ['GET /api/v1/instances/a/overview', () => client.getInstanceOverview('a'), original('instance-overview')],
  ['GET /api/v1/instances/a/queues', () => client.getInstanceQueues('a'), original('instance-queues')],
  ['GET /api/v1/instances/a/consumer-groups', () => client.getInstanceConsumerGroups('a'), original('instance-consumer-groups')],
  ['GET /api/v1/instances/a/event-stores', () => client.getInstanceEventStores('a'), original('instance-event-stores')],
  ['GET /api/v1/instances/a/metrics', () => client.getInstanceMetrics('a'), original('instance-metrics')],
  ['GET /health', () => client.getServiceHealth(), guide('health'), original('health')],
]

for (const [wanted, call, ...answers] of calls) {
  it(wanted, async () => {
    for (answer of answers) {
      assert.deepEqual(await call(), answer.body)
      assert.equal(`${seen.method} ${seen.path}`, wanted)
    }
  })
}

it('POST /api/v1/instances/register', async () => {
  const sent = golden('guide/register.request')
  answer = { status: 201, body: golden('guide/register') }
  assert.deepEqual(await client.registerInstance(sent), answer.body)
  assert.deepEqual(JSON.parse(seen.body), sent)
})

it('refusals', async () => {
  for (const one of [refused('error'), refused('error-validation'), original('error')]) {
    answer = one
    await assert.rejects(client.getInstance('x'), (error) => error.status === one.status && error.message === `HTTP ${one.status}: ${one.body.error}` && error.details.length === (one.body.details ?? []).length)
  }
})
