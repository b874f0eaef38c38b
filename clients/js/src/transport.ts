// One call: its address, credentials, time limit, and whether it is sent again. Knows no endpoint.
import { ServiceManagerError, refusal } from './errors.js'

/** Who the caller is: a bearer token, or where to get one (asked before each request, so it may change). */
export type Token = string | (() => string | Promise<string>)

export interface ClientOptions {
  /** Where the manager is; a path in it is kept, for a manager behind a proxy. Default `http://localhost:9090`. */
  baseUrl?: string
  /** Milliseconds that a call may take in all, its repetitions included. Default 10,000. */
  timeout?: number
  /** How often a call that changes nothing is sent again when no answer came or the manager asked to come back. Default 2. */
  retries?: number
  token?: Token
  /** Sent with each request. */
  headers?: Record<string, string>
  /** Whether a browser sends cookies and client certificates; default as `fetch` does. */
  credentials?: RequestCredentials
  /** Instead of the global `fetch`. */
  fetch?: typeof fetch
  /** Instead of the global `WebSocket`; `null`: none, so that updates come as server-sent events. */
  WebSocket?: typeof WebSocket | null
}

export interface CallOptions {
  /** Parameters; `undefined` ones are not sent. */
  query?: object
  /** Sent as JSON. */
  body?: unknown
  headers?: Record<string, string>
  /** Ends the call early. */
  signal?: AbortSignal
  /** Statuses besides 2xx that are answers. */
  accept?: readonly number[]
}

const FIRST_WAIT_MS = 100
/** A longer wait is the caller's to decide. */
const LONGEST_WAIT_S = 5

export class Transport {
  constructor(
    readonly options: ClientOptions,
    /** Read for each call: the guide's client lets both be set afterwards. */
    readonly now: () => { baseUrl: string; timeout: number },
  ) {}

  url(path: string, query: object = {}): URL {
    const url = new URL(this.now().baseUrl.replace(/\/+$/, '') + path)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null) url.searchParams.append(name, String(value))
    }
    return url
  }

  async headers(more: Record<string, string> = {}): Promise<Record<string, string>> {
    const { token, headers } = this.options
    const bearer = typeof token === 'function' ? await token() : token
    return { Accept: 'application/json', ...headers, ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}), ...more }
  }

  /** `fetch` as it was given, called so that a browser does not object to its receiver. */
  fetch(url: URL, init: RequestInit): Promise<Response> {
    const { fetch: given, credentials } = this.options
    return (given ?? globalThis.fetch)(url, { ...init, ...(credentials ? { credentials } : {}) })
  }

  /** The answer as JSON. */
  async json<T>(method: string, path: string, call: CallOptions = {}): Promise<T> {
    return this.limited(method, path, call, async (response) => {
      const text = await response.text()
      try {
        return (text === '' ? null : JSON.parse(text)) as T
      } catch (cause) {
        throw new ServiceManagerError('unreadable', `the answer to ${path} is not JSON`, { status: response.status, body: text.slice(0, 1000), cause })
      }
    })
  }

  /** Sends and reads within the time limit; `read` is part of it. */
  async limited<T>(method: string, path: string, call: CallOptions, read: (response: Response) => Promise<T>): Promise<T> {
    const { timeout } = this.now()
    const abort = new AbortController()
    const end = () => abort.abort()
    const timer = setTimeout(end, timeout)
    call.signal?.addEventListener('abort', end)
    if (call.signal?.aborted) end()
    try {
      return await this.persist(method, path, call, abort.signal, read)
    } catch (cause) {
      // What a call in time said stands, also when the clock ran out a moment later.
      if (!abort.signal.aborted || (cause instanceof ServiceManagerError && cause.kind === 'refused')) throw cause
      if (call.signal?.aborted) throw new ServiceManagerError('aborted', 'the call was ended by its caller', { cause })
      throw new ServiceManagerError('timeout', `Request timeout after ${timeout}ms`, { cause, ...outcomeOf(method) })
    } finally {
      clearTimeout(timer)
      call.signal?.removeEventListener('abort', end)
    }
  }

  private async persist<T>(method: string, path: string, call: CallOptions, signal: AbortSignal, read: (response: Response) => Promise<T>): Promise<T> {
    const retries = method === 'GET' ? (this.options.retries ?? 2) : 0
    for (let number = 0; ; number++) {
      try {
        return await this.once(method, path, call, signal, read)
      } catch (error) {
        const wait = number < retries && !signal.aborted ? waitBefore(number, error) : null
        if (wait === null) throw error
        await rest(wait, signal)
      }
    }
  }

  private async once<T>(method: string, path: string, call: CallOptions, signal: AbortSignal, read: (response: Response) => Promise<T>): Promise<T> {
    const sent = call.body === undefined ? {} : { 'Content-Type': 'application/json' }
    const headers = await this.headers({ ...sent, ...call.headers })
    const body = call.body === undefined ? null : JSON.stringify(call.body)
    try {
      const response = await this.fetch(this.url(path, call.query), { method, headers, body, signal, redirect: 'error', cache: 'no-store' })
      if (!response.ok && !call.accept?.includes(response.status)) throw await refusal(response)
      return await read(response)
    } catch (cause) {
      if (cause instanceof ServiceManagerError) throw cause
      throw new ServiceManagerError('unreachable', `cannot reach the manager at ${this.now().baseUrl}: ${reason(cause)}`, { cause, ...outcomeOf(method) })
    }
  }
}

/** What changes something and has no answer may have been acted on. */
function outcomeOf(method: string): { outcome?: string } {
  return method === 'GET' ? {} : { outcome: 'unknown' }
}

/** `fetch failed` says nothing; the reason below it does. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: unknown } | null)?.code
  return cause instanceof Error ? cause.message || String(code ?? cause.name) : String(cause)
}

/** Milliseconds before the next try; `null`: none. */
function waitBefore(number: number, error: unknown): number | null {
  if (!(error instanceof ServiceManagerError)) return null
  if (error.kind === 'unreachable') return FIRST_WAIT_MS * 2 ** number * (0.5 + Math.random() / 2)
  const invited = (error.status === 429 || error.status === 503) && error.retryAfter !== null && error.retryAfter <= LONGEST_WAIT_S
  return invited ? (error.retryAfter ?? 0) * 1000 : null
}

/** Waits, or less when the signal comes. */
export function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
