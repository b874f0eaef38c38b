// Time limits, repetitions and refusals, against servers that misbehave on purpose.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, it } from 'node:test'
import { PeeGeeQServiceManagerClient } from '../dist/index.js'
import { freePort } from './manager.mjs'

const servers = []
afterEach(() => servers.splice(0).forEach((server) => (server.closeAllConnections(), server.close())))

/** Answers the n-th request with the n-th of `turns`, the last one ever after. */
async function serve(...turns) {
  const seen = []
  const server = createServer((request, response) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers })
    turns[Math.min(seen.length, turns.length) - 1](request, response)
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${server.address().port}`, seen }
}
const json = (status, body, headers = {}) => (_, response) => response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
const hangUp = (request) => request.socket.destroy()
const silence = () => {}
const list = json(200, { count: 0, instances: [] })

describe('what changes nothing is sent again', () => {
  it('when the connection broke', async () => {
    const { url, seen } = await serve(hangUp, hangUp, list)
    assert.equal((await new PeeGeeQServiceManagerClient(url).getAllInstances()).count, 0)
    assert.equal(seen.length, 3)
  })

  it('when it is asked to come back, but not on a plain refusal', async () => {
    const busy = await serve(json(503, { error: 'full' }, { 'Retry-After': '0' }), list)
    assert.equal((await new PeeGeeQServiceManagerClient(busy.url).getAllInstances()).count, 0)
    const none = await serve(json(503, { error: 'No healthy instances available', instanceCount: 0 }))
    await assert.rejects(new PeeGeeQServiceManagerClient(none.url).getFederatedOverview(), (error) => error.status === 503 && error.body.instanceCount === 0)
    assert.equal(none.seen.length, 1)
  })

  it('no more often than told', async () => {
    const { url, seen } = await serve(hangUp)
    await assert.rejects(new PeeGeeQServiceManagerClient({ baseUrl: url, retries: 1 }).getAllInstances(), { kind: 'unreachable', outcome: null })
    assert.equal(seen.length, 2)
  })
})

describe('what changes something is sent once', () => {
  it('and its outcome is unknown when no answer came', async () => {
    const { url, seen } = await serve(hangUp)
    await assert.rejects(new PeeGeeQServiceManagerClient(url).deregisterInstance('a'), { kind: 'unreachable', outcome: 'unknown' })
    assert.equal(seen.length, 1)
  })
})

describe('time', () => {
  it('ends a call in the words of the guide', async () => {
    const { url } = await serve(silence)
    await assert.rejects(new PeeGeeQServiceManagerClient({ baseUrl: url, timeout: 50 }).getAllInstances(), { kind: 'timeout', message: 'Request timeout after 50ms' })
  })

  it('counts the body too', async () => {
    const { url } = await serve((_, response) => response.writeHead(200).write('{"count":'))
    const client = new PeeGeeQServiceManagerClient(url)
    client.timeout = 50
    await assert.rejects(client.getAllInstances(), { kind: 'timeout' })
  })

  it('can be cut short by the caller', async () => {
    const { url } = await serve(silence)
    const call = { signal: AbortSignal.timeout(20) }
    await assert.rejects(new PeeGeeQServiceManagerClient(url).getAllInstances({}, call), { kind: 'aborted' })
  })
})

describe('answers that are none', () => {
  it('are told apart', async () => {
    const page = await serve((_, response) => response.writeHead(200).end('<html>'))
    await assert.rejects(new PeeGeeQServiceManagerClient(page.url).getAllInstances(), { kind: 'unreadable' })
    const proxy = await serve((_, response) => response.writeHead(502, 'Bad Gateway').end('<html>'))
    await assert.rejects(new PeeGeeQServiceManagerClient(proxy.url).getAllInstances(), { kind: 'unreadable', status: 502, message: 'HTTP 502: Bad Gateway' })
    const nobody = new PeeGeeQServiceManagerClient({ baseUrl: `http://127.0.0.1:${await freePort()}`, retries: 0 })
    await assert.rejects(nobody.getAllInstances(), (error) => error.kind === 'unreachable' && /ECONNREFUSED/.test(error.message))
  })
})

describe('requests', () => {
  it('carry token and headers, under a path of a proxy', async () => {
    const { url, seen } = await serve(list)
    let turn = 0
    const client = new PeeGeeQServiceManagerClient({ baseUrl: `${url}/peegeeq/`, token: async () => `t${++turn}`, headers: { 'X-Team': 'ops' } })
    await client.getAllInstances({ environment: 'a&b', page: 2, region: undefined })
    await client.getAllInstances()
    assert.equal(seen[0].url, '/peegeeq/api/v1/instances?environment=a%26b&page=2')
    assert.deepEqual(seen.map(({ headers }) => headers.authorization), ['Bearer t1', 'Bearer t2'])
    assert.equal(seen[0].headers['x-team'], 'ops')
  })
})
