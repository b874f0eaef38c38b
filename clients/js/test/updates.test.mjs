// Live updates in Node: as server-sent events, over a restart of the manager, with a token, and when they are refused.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { PeeGeeQServiceManagerClient } from '../dist/index.js'
import { freePort, startManager, until } from './manager.mjs'

const instance = (instanceId) => ({ instanceId, host: '127.0.0.1', port: 9, environment: 'e', region: 'r' })

describe('updates', () => {
  let folder
  before(() => (folder = mkdtempSync(join(tmpdir(), 'peegeeq-js-'))))
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('begin with a snapshot, tell changes, and go on after a restart of the manager', async () => {
    const port = await freePort()
    let manager = await startManager({ demo: false, port, data: folder })
    const client = new PeeGeeQServiceManagerClient({ baseUrl: manager.url, WebSocket: null })
    const told = []
    const states = []
    const subscription = client.subscribeToUpdates((update) => told.push(update), { onState: (state) => states.push(state) })
    await until('a snapshot', () => told[0]?.type === 'snapshot')
    assert.deepEqual(told[0].instances, [])
    await client.registerInstance(instance('first'))
    await until('the change', () => told.some((update) => update.type === 'change' && update.instanceId === 'first'))
    await until('why', () => told.some((update) => update.type === 'journal' && update.kind === 'instance.registered'))
    const last = subscription.lastId
    await manager.stop()
    await until('the loss', () => states.includes('waiting'))
    manager = await startManager({ demo: false, port, data: folder })
    await client.registerInstance(instance('second'))
    await until('what happened meanwhile', () => told.some((update) => update.type === 'journal' && update.instanceId === 'second'))
    assert.notEqual(subscription.lastId, last)
    subscription.close()
    await subscription.ended
    assert.equal(subscription.state, 'ended')
    await manager.stop()
  })

  it('carry a token, and end where there is none', async () => {
    const program = process.env.PEEGEEQ_SERVICE_MANAGER ?? new URL('../../../target/debug/peegeeq-service-manager', import.meta.url).pathname
    const tokens = join(folder, 'tokens')
    writeFileSync(tokens, execFileSync(program, ['token', 'hash', '--name', 'js', '--role', 'admin'], { input: 'a-secret-of-32-letters-at-least-ok' }), { mode: 0o600 })
    const manager = await startManager({ demo: false, options: [`-Dsecurity.tokens.file=${tokens}`] })
    const told = []
    const known = new PeeGeeQServiceManagerClient({ baseUrl: manager.url, token: 'a-secret-of-32-letters-at-least-ok' })
    const subscription = known.subscribeToUpdates((update) => told.push(update), { topics: ['instances'], environment: 'e', metadata: { zone: 'a' } })
    await until('a snapshot', () => told[0]?.type === 'snapshot')
    subscription.close()
    let why
    const stranger = new PeeGeeQServiceManagerClient(manager.url)
    const refused = stranger.subscribeToUpdates(() => assert.fail('nothing is told'), { transport: 'sse', onState: (_, error) => (why = error) })
    await refused.ended
    assert.equal(why.status, 401)
    await manager.stop()
  })

  it('say what is wrong with a parameter, and do not come back', async () => {
    const manager = await startManager({ demo: false })
    let why
    const client = new PeeGeeQServiceManagerClient(manager.url)
    const refused = client.subscribeToUpdates(() => {}, { transport: 'sse', topics: ['weather'], onState: (_, error) => (why = error) })
    await refused.ended
    assert.equal(why.status, 400)
    assert.match(why.message, /topics/)
    await manager.stop()
  })
})
