// A stand-in for the stream of updates, which can be cut, made to resync, or be missing altogether.
//
// Passes everything else on to a real manager. For developing and for the tests of the stream; not part of the product.
//   npm run mock -- http://127.0.0.1:9090 5198, then MANAGER=http://127.0.0.1:5198 npm run dev
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

interface Row { instanceId: string; status: string; [key: string]: unknown }

export class Mock {
  readonly server: Server
  #listeners = new Set<ServerResponse>()
  #rows = new Map<string, Row>()
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
    if (instance) this.#rows.set(instanceId, instance)
    else this.#rows.delete(instanceId)
    const timestamp = new Date().toISOString()
    this.#send('change', { kind, instanceId, instance, generation: this.#sequence, timestamp })
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

if (process.argv[1]?.endsWith('.mock.mjs')) {
  const mock = new Mock(process.argv[2] ?? 'http://127.0.0.1:9090')
  process.stdout.write(`${await mock.listen(Number(process.argv[3] ?? 5198))}\n`)
}
