// A stand-in for what a manager may not have yet: the stream of updates, the journal, orders with a reason, routing.
//
// Passes everything else on to a real manager. For developing and for the tests of the stream; not part of the product.
//   npm run mock -- http://127.0.0.1:9090 5198, then MANAGER=http://127.0.0.1:5198 npm run dev
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

interface Row { instanceId: string; status: string; [key: string]: unknown }
interface Entry { id: string; at: string; kind: string; instanceId: string | null; summary: string; details: unknown }

export class Mock {
  readonly server: Server
  #listeners = new Set<ServerResponse>()
  #rows = new Map<string, Row>()
  #journal: Entry[] = []
  #sequence = 0
  #timer: NodeJS.Timeout
  readonly manager: string

  readonly #streams: boolean

  /** Without streams it stands for a manager that has none. */
  constructor(manager: string, { streams = true } = {}) {
    this.manager = manager
    this.#streams = streams
    this.server = createServer((request, response) => this.#answer(request, response))
    this.#timer = setInterval(() => void this.read().catch(() => {}), 400)
  }

  listen(port = 0): Promise<string> {
    return new Promise((resolve) => this.server.listen(port, '127.0.0.1', () => {
      const address = this.server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`)
    }))
  }

  close(): void {
    clearInterval(this.#timer)
    this.server.closeAllConnections()
    this.server.close()
  }

  /** Cuts all streams, as a restart of the manager would. */
  cut(): void {
    for (const listener of this.#listeners) listener.destroy()
  }

  /** Tells everybody to begin again. */
  resync(): void {
    this.#send('resync', { reason: 'too old' })
  }

  async read(): Promise<void> {
    const list = (await (await fetch(`${this.manager}/api/v1/instances`)).json()) as { instances: Row[] }
    const found = new Map(list.instances.map((row) => [row.instanceId, row]))
    for (const [id, row] of found) {
      const old = this.#rows.get(id)
      if (!old) this.#change('instance.added', id, row)
      else if (old.status !== row.status || old['presence'] !== row['presence']) this.#change('instance.updated', id, row)
    }
    for (const id of this.#rows.keys()) if (!found.has(id)) this.#change('instance.removed', id, null)
  }

  #change(kind: string, instanceId: string, instance: Row | null): void {
    const before = this.#rows.get(instanceId)
    if (instance) this.#rows.set(instanceId, instance)
    else this.#rows.delete(instanceId)
    const timestamp = new Date().toISOString()
    this.#send('change', { kind, instanceId, instance, generation: this.#sequence, timestamp })
    if (kind !== 'instance.updated' || before?.status !== instance?.status) {
      const summary = kind === 'instance.updated' ? `${before?.status} → ${instance?.status}` : kind.slice('instance.'.length)
      const entry: Entry = { id: `1:${this.#sequence}`, at: timestamp, kind, instanceId, summary, details: { generation: this.#sequence } }
      this.#journal.unshift(entry)
      this.#journal.length = Math.min(this.#journal.length, 5000)
      this.#send('journal', entry)
    }
  }

  #send(event: string, data: unknown): void {
    this.#sequence += 1
    for (const listener of this.#listeners) listener.write(`id: 1:${this.#sequence}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://mock')
    const json = (body: unknown, status = 200) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    if (url.pathname === '/api/v1/updates' && !this.#streams) return void json({ error: 'there is nothing at /api/v1/updates: see /docs/' }, 404)
    if (url.pathname === '/api/v1/updates') return this.#updates(response)
    if (url.pathname === '/api/v1/events') return void json(this.#events(url.searchParams))
    const history = /^\/api\/v1\/instances\/([^/]+)\/(history|availability)$/.exec(url.pathname)
    if (history?.[2] === 'history') return void json(this.#events(new URLSearchParams({ instance: decodeURIComponent(history[1]!) })))
    if (history) return void json(availability())
    if (url.pathname === '/api/v1/routing') return void json(this.#routing())
    if (url.pathname === '/api/v1/routing/explain') return void json(this.#explained())
    this.#pass(request, response)
  }

  #updates(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const snapshot = { generation: this.#sequence, instances: [...this.#rows.values()], timestamp: new Date().toISOString() }
    response.write(`id: 1:${this.#sequence}\nevent: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`)
    this.#listeners.add(response)
    const beat = setInterval(() => response.write(': beat\n\n'), 5000)
    response.on('close', () => {
      clearInterval(beat)
      this.#listeners.delete(response)
    })
  }

  #events(query: URLSearchParams): unknown {
    const fits = (entry: Entry) =>
      (!query.get('instance') || entry.instanceId === query.get('instance')) && (!query.get('kind') || entry.kind === query.get('kind')) &&
      (!query.get('from') || entry.at >= query.get('from')!) && (!query.get('to') || entry.at < query.get('to')!)
    return { message: 'Events retrieved successfully', events: this.#journal.filter(fits).slice(0, Number(query.get('limit') ?? 100)), next: null, timestamp: new Date().toISOString() }
  }

  #routing(): unknown {
    const ids = [...this.#rows.keys()].slice(0, 20)
    const instances = ids.map((instanceId, at) => ({
      instanceId, rung: 'region', excluded: null, weight: 1, requests: 100, share: Math.floor(1000 / ids.length), failures: at === 0 ? 5 : 0, inFlight: 1, waiting: 0, latencyMs: 3.2,
      ejection: at === 0 ? { state: 'ejected', sentence: '5 failures in a row, left alone for 10 s' } : { state: 'closed', sentence: '0 of 5 failures in a row' }, slowStart: null,
    }))
    const rules = { retries: { requests: 100, retries: 2, allowance: 20, windowMs: 10_000 }, ejection: { failures: 5, durationMs: 10_000, maxPercent: 50 } }
    return { strategy: 'least-loaded', strategies: { environments: {} }, affinity: 'none', home: { region: 'eu' }, ...rules, instances, setups: [], timestamp: new Date().toISOString() }
  }

  #explained(): unknown {
    const ids = [...this.#rows.keys()].slice(0, 3)
    const members = ids.map((instanceId, at) => ({ instanceId, standing: 'candidate', sentence: 'it can serve the request', chosen: at === 0, score: { weight: 1, inFlight: at, latencyMs: 3.2, cost: at } }))
    return { sentence: `it goes to ${ids[0]}`, effect: 'read', stream: false, setupId: null, strategy: 'least-loaded', affinity: false, status: null, groups: [{ members }] }
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const target = new URL(request.url ?? '/', this.manager)
    const headers = { ...request.headers, host: target.host }
    delete headers.origin
    const passed = ask(target, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    passed.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
    request.pipe(passed)
  }
}

function availability(): unknown {
  const now = Date.now()
  const at = (hours: number) => new Date(now - hours * 3_600_000).toISOString()
  return { availability: 0.9792, spans: [{ from: at(24), to: at(9), state: 'healthy' }, { from: at(9), to: at(8.5), state: 'unhealthy' }, { from: at(8.5), to: null, state: 'healthy' }] }
}

if (process.argv[1]?.endsWith('.mock.mjs')) {
  const mock = new Mock(process.argv[2] ?? 'http://127.0.0.1:9090')
  process.stdout.write(`${await mock.listen(Number(process.argv[3] ?? 5198))}\n`)
}
