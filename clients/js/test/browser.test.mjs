// The file for pages without a bundler, in a real browser, from another origin than the manager's.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, it } from 'node:test'
import { chromium } from 'playwright-core'
import { startManager } from './manager.mjs'

let manager
let pages
let browser
before(async () => {
  manager = await startManager()
  const script = readFileSync(new URL('../dist/browser.min.js', import.meta.url))
  pages = createServer((request, response) => {
    const isScript = request.url === '/client.js'
    response.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' }).end(isScript ? script : '<!doctype html><title>page</title>')
  }).listen(0, '127.0.0.1')
  await once(pages, 'listening')
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
})
after(async () => {
  await browser?.close()
  pages?.close()
  await manager?.stop()
})

for (const transport of ['websocket', 'sse', 'auto']) {
  it(`registers, and is told of it (${transport})`, async () => {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${pages.address().port}/`)
    const seen = await page.evaluate(async ([url, transport]) => {
      const { PeeGeeQServiceManagerClient } = await import('/client.js')
      const client = new PeeGeeQServiceManagerClient(url)
      const told = []
      const subscription = client.subscribeToUpdates((update) => told.push(update), { transport })
      const until = async (check) => {
        for (let turn = 0; turn < 500 && !check(); turn++) await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await until(() => told[0])
      const instanceId = `page-${transport}`
      await client.registerInstance({ instanceId, host: '127.0.0.1', port: 9, environment: 'e', region: 'r' })
      const isMine = (update) => update.type === 'change' && update.instanceId === instanceId
      await until(() => told.some(isMine))
      subscription.close()
      await subscription.ended
      const listed = await client.getAllInstances({ environment: 'e' })
      await client.deregisterInstance(instanceId)
      const refusal = await client.getInstance(instanceId).catch((error) => error.message)
      return { first: told[0].type, change: told.find(isMine)?.type, listed: listed.instances.map((row) => row.instanceId), refusal }
    }, [manager.url, transport])
    assert.equal(seen.first, 'snapshot')
    assert.equal(seen.change, 'change')
    assert.deepEqual(seen.listed, [`page-${transport}`])
    assert.match(seen.refusal, /^HTTP 404: /)
    await page.close()
  })
}

it('goes on by events where something between passes no WebSocket', async () => {
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${pages.address().port}/`)
  const states = await page.evaluate(async (url) => {
    const { PeeGeeQServiceManagerClient } = await import('/client.js')
    class NoSocket {
      constructor() {
        setTimeout(() => this.onclose({ code: 1006, reason: '' }))
      }
      close() {}
    }
    const client = new PeeGeeQServiceManagerClient({ baseUrl: url, WebSocket: NoSocket })
    const states = []
    await new Promise((resolve) => client.subscribeToUpdates(resolve, { onState: (state) => states.push(state) }))
    return states
  }, manager.url)
  assert.deepEqual(states, ['connecting', 'waiting', 'connecting', 'open'])
  await page.close()
})

