// Talking to the manager: where it is, who asks, how long to wait, and what an error says.
// Does not own what is asked.

/** The manager's root, whatever the path in front of it: the console lives one step below it. */
export const root = (): URL => new URL('../', document.baseURI)

const TOKEN = 'peegeeq.token'

export const token = {
  get: (): string | null => sessionStorage.getItem(TOKEN),
  set: (value: string) => sessionStorage.setItem(TOKEN, value),
  clear: () => sessionStorage.removeItem(TOKEN),
}

export interface Fault {
  field: string
  message: string
}

/** What went wrong, as the manager told it; status 0 means that nothing answered. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly details: Fault[] = [],
    readonly requestId: string | null = null,
    readonly body: unknown = null,
  ) {
    super(message)
  }

  /** The path itself is not offered, in contrast to a thing that is not there. */
  get notOffered(): boolean {
    return this.status === 405 || (this.status === 404 && /there is nothing at/.test(this.message))
  }
}

let onForbidden: (status: number) => void = () => {}
/** Calls back when the manager asks for a token or finds the one it got too weak. */
export const whenForbidden = (callback: (status: number) => void) => (onForbidden = callback)

export interface Ask {
  method?: string
  body?: unknown
  /** Beside those that say who asks. */
  headers?: Record<string, string>
  signal?: AbortSignal
  timeoutMs?: number
}

export function headers(json = false): Record<string, string> {
  const bearer = token.get()
  return { ...(json ? { 'Content-Type': 'application/json' } : {}), ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}) }
}

/** Asks and reads JSON. Throws an ApiError for everything but a success. */
export const ask = async <T>(path: string, how: Ask = {}): Promise<T> => parse(await askText(path, how)) as T

/** Asks and reads text. Throws an ApiError for everything but a success. */
export async function askText(path: string, { method = 'GET', body, headers: more = {}, signal, timeoutMs = 12_000 }: Ask = {}): Promise<string> {
  const limit = AbortSignal.timeout(timeoutMs)
  let response: Response
  let text: string
  try {
    response = await fetch(new URL(path, root()), {
      method,
      headers: { ...headers(body !== undefined), ...more },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      cache: 'no-store',
    })
    text = await response.text()
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(limit.aborted ? `no answer within ${timeoutMs / 1000} s` : 'the manager does not answer', 0)
  }
  if (response.ok) return text
  if (response.status === 401) onForbidden(401)
  throw errorOf(response.status, parse(text))
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return null
  }
}

/** Reads the error envelope; a proxy in between may have sent something else. */
export function errorOf(status: number, body: unknown): ApiError {
  const envelope = (body ?? {}) as { error?: unknown; details?: Fault[]; requestId?: string; message?: unknown }
  const said = typeof envelope.error === 'string' ? envelope.error : typeof envelope.message === 'string' ? envelope.message : null
  return new ApiError(said ?? `the manager answered ${status}`, status, envelope.details ?? [], envelope.requestId ?? null, body)
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** The same request for a terminal. The token is named, never written out. */
export function curl(path: string, { method = 'GET', body, headers: more = {} }: Ask = {}): string {
  const parts = ['curl -sS']
  if (method !== 'GET') parts.push(`-X ${method}`)
  if (token.get()) parts.push('-H "Authorization: Bearer $TOKEN"')
  for (const [name, value] of Object.entries(more)) parts.push(`-H ${quoted(`${name}: ${value}`)}`)
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`)
  parts.push(quoted(new URL(path, root()).href))
  return parts.join(' ')
}

/** The address of an instance's resource. */
export const instancePath = (id: string, rest = ''): string => `api/v1/instances/${encodeURIComponent(id)}${rest}`
