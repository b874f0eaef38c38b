// What can go wrong with a call, and on which side.

/** One thing that is wrong with a request. */
export interface ErrorDetail {
  field?: string
  message: string
  [more: string]: unknown
}

/** A call that gave no answer that can be used. `message` is a sentence for people. */
export class ServiceManagerError extends Error {
  /**
   * What kind of failure: `refused` (the manager said no), `timeout`, `unreachable` (no connection, or it broke), `unreadable` (an answer that
   * is not the manager's), `aborted` (by the caller).
   */
  readonly kind: 'refused' | 'timeout' | 'unreachable' | 'unreadable' | 'aborted'
  /** Status code; 0 without an answer. */
  readonly status: number
  /** Field by field, when several things are wrong with a request. */
  readonly details: readonly ErrorDetail[]
  /** Finds the request in the manager's log. */
  readonly requestId: string | null
  /** Seconds after which another try makes sense. */
  readonly retryAfter: number | null
  /** `unknown`: the request may have been acted on although it failed. */
  readonly outcome: string | null
  /** The answer as it was sent: some refusals carry more than the envelope. */
  readonly body: unknown

  constructor(kind: ServiceManagerError['kind'], message: string, facts: Partial<Pick<ServiceManagerError, Fact>> & { cause?: unknown } = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.name = 'ServiceManagerError'
    this.kind = kind
    this.status = facts.status ?? 0
    this.details = facts.details ?? []
    this.requestId = facts.requestId ?? null
    this.retryAfter = facts.retryAfter ?? null
    this.outcome = facts.outcome ?? null
    this.body = facts.body ?? null
  }
}

type Fact = 'status' | 'details' | 'requestId' | 'retryAfter' | 'outcome' | 'body'

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** The refusal in an answer, as the guide's client words it: `HTTP 404: …`. */
export async function refusal(response: Response): Promise<ServiceManagerError> {
  const body: unknown = await response.json().catch(() => null)
  const envelope = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const said = text(envelope['error'])
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10)
  return new ServiceManagerError(said === null ? 'unreadable' : 'refused', `HTTP ${response.status}: ${said ?? (response.statusText || 'no reason given')}`, {
    status: response.status,
    details: Array.isArray(envelope['details']) ? (envelope['details'] as ErrorDetail[]) : [],
    requestId: text(envelope['requestId']) ?? response.headers.get('x-request-id'),
    retryAfter: Number.isNaN(seconds) ? null : seconds,
    outcome: text(envelope['outcome']),
    body,
  })
}
