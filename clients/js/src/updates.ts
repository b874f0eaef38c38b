// Live updates: a snapshot, then what changes, over a WebSocket or as server-sent events; taken up again where it broke.
import { ServiceManagerError, refusal } from './errors.js'
import { readEvents, type ServerEvent } from './sse.js'
import { rest, type Transport } from './transport.js'
import type { Instance, JournalEvent } from './types.js'

/** What is told. `type` says what it is, `id` is where to go on from. */
export type Update =
  | { type: 'snapshot'; id: string; generation: number; instances: Instance[]; [more: string]: unknown }
  | { type: 'change'; id: string; instanceId: string; [more: string]: unknown }
  | ({ type: 'journal'; id: string } & JournalEvent)
  /** Something was missed: another snapshot follows. */
  | { type: 'resync'; id: string; reason: string; [more: string]: unknown }
  /** What a newer manager tells. */
  | { type: string; id: string; [more: string]: unknown }

export interface UpdateOptions {
  topics?: readonly string[]
  environment?: string
  region?: string
  status?: string
  /** By metadata: `{ zone: 'a' }`. */
  metadata?: Record<string, string>
  /** Go on behind the update with this id. */
  since?: string
  /** `auto` (default): a WebSocket where there is one and no token is needed, else server-sent events, which carry a token. */
  transport?: 'auto' | 'websocket' | 'sse'
  /** Told of each new state; with `waiting` and `ended` comes why. */
  onState?: (state: SubscriptionState, error: ServiceManagerError | null) => void
  /** Ends the subscription. */
  signal?: AbortSignal
}

export type SubscriptionState = 'connecting' | 'open' | 'waiting' | 'ended'

/** A stream that is silent for so long is taken for dead: the manager says something every 15 seconds. */
const SILENCE_MS = 45_000
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 15_000

/** Updates until {@link close} is called, or the manager says that this caller will never get any. */
export class Subscription {
  state: SubscriptionState = 'connecting'
  /** The id of the last update. */
  lastId: string | null
  /** Fulfilled when it is over; never rejected. */
  readonly ended: Promise<void>

  #abort = new AbortController()
  #failures = 0
  #sockets: boolean

  constructor(
    readonly transport: Transport,
    readonly callback: (update: Update) => void,
    readonly options: UpdateOptions,
  ) {
    this.lastId = options.since ?? null
    const { token, headers } = transport.options
    const wanted = options.transport ?? (token || headers ? 'sse' : 'auto')
    this.#sockets = wanted === 'websocket' || (wanted === 'auto' && this.#socketClass() !== null)
    const end = () => this.close()
    options.signal?.addEventListener('abort', end)
    if (options.signal?.aborted) end()
    this.ended = this.#run().finally(() => options.signal?.removeEventListener('abort', end))
  }

  close(): void {
    this.#abort.abort()
  }

  #socketClass(): typeof WebSocket | null {
    const { WebSocket: given } = this.transport.options
    return given === undefined ? (globalThis.WebSocket ?? null) : given
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    let why: ServiceManagerError | null = null
    while (!signal.aborted) {
      this.#become('connecting', null)
      why = await (this.#sockets ? this.#socket() : this.#stream()).catch(asError)
      if (signal.aborted || isFinal(why)) break
      this.#become('waiting', why)
      const wait = Math.min(FIRST_WAIT_MS * 2 ** this.#failures++, LONGEST_WAIT_MS)
      await rest(Math.max(wait * (0.5 + Math.random() / 2), (why?.retryAfter ?? 0) * 1000), signal)
    }
    this.#become('ended', signal.aborted ? null : why)
  }

  #become(state: SubscriptionState, error: ServiceManagerError | null): void {
    if (this.state === state && state !== 'connecting') return
    this.state = state
    this.options.onState?.(state, error)
  }

  #deliver(update: Update): void {
    this.#failures = 0
    if (typeof update.id === 'string') this.lastId = update.id
    try {
      this.callback(update)
    } catch (error) {
      // A listener that fails must not end the stream for itself; whoever looks at unhandled errors sees it.
      queueMicrotask(() => {
        throw error
      })
    }
  }

  #query(since: boolean): object {
    const { topics, environment, region, status, metadata = {} } = this.options
    const labels = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`metadata.${key}`, value]))
    return { topics: topics?.join(','), environment, region, status, ...labels, since: since ? this.lastId : null }
  }

  async #stream(): Promise<ServiceManagerError | null> {
    const abort = new AbortController()
    const end = () => abort.abort()
    this.#abort.signal.addEventListener('abort', end)
    let silence = setTimeout(end, SILENCE_MS)
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(end, SILENCE_MS)
    }
    try {
      const headers = await this.transport.headers({ Accept: 'text/event-stream', ...(this.lastId ? { 'Last-Event-ID': this.lastId } : {}) })
      const response = await this.transport.fetch(this.transport.url('/api/v1/updates', this.#query(false)), { headers, signal: abort.signal, cache: 'no-store' })
      if (!response.ok) return await refusal(response)
      this.#become('open', null)
      await readEvents(response, (event) => this.#deliver(asUpdate(event)), heard)
      return null
    } finally {
      clearTimeout(silence)
      this.#abort.signal.removeEventListener('abort', end)
    }
  }

  #socket(): Promise<ServiceManagerError | null> {
    const Socket = this.#socketClass()
    if (Socket === null) return Promise.resolve(new ServiceManagerError('unreachable', 'there is no WebSocket here: use the transport "sse"', { status: 426 }))
    const url = this.transport.url('/ws/updates', this.#query(true))
    url.protocol = url.protocol.replace('http', 'ws')
    return new Promise((resolve) => {
      const socket = new Socket(url)
      const end = () => socket.close(1000)
      this.#abort.signal.addEventListener('abort', end)
      let opened = false
      socket.onopen = () => {
        opened = true
        this.#become('open', null)
      }
      socket.onmessage = (message) => this.#deliver(JSON.parse(String(message.data)) as Update)
      socket.onclose = (event) => {
        this.#abort.signal.removeEventListener('abort', end)
        // A refused upgrade does not tell why; a stream does, and works where something between passes no WebSocket.
        if (!opened && (this.options.transport ?? 'auto') === 'auto') this.#sockets = false
        resolve(event.code === 1000 ? null : new ServiceManagerError('unreachable', `the connection for updates ended (${event.code}${event.reason ? `: ${event.reason}` : ''})`))
      }
      if (this.#abort.signal.aborted) end()
    })
  }
}

function asUpdate({ id, event, data }: ServerEvent): Update {
  return { type: event, ...(JSON.parse(data) as object), id: id ?? '' }
}

function asError(error: unknown): ServiceManagerError {
  if (error instanceof ServiceManagerError) return error
  return new ServiceManagerError('unreachable', `the stream of updates broke: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}

/** What another try cannot change: a wrong parameter, a missing token, a manager without updates. */
function isFinal(why: ServiceManagerError | null): boolean {
  return why !== null && why.status >= 400 && why.status < 500 && why.status !== 429 && why.status !== 408
}
