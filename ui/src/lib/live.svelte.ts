// The instances as they are now: from the stream of updates, or by asking again and again where there is no stream.
//
// Owns the connection, the pause and how often the page may repaint. Does not own what a change means (changes.ts).
import { ApiError, ask, headers, root, whenForbidden } from './api'
import { apply, differences, rowsOf, tell, type Rows, type Seen } from './changes'
import { sorted } from './sort'
import { readEvents, type ServerEvent } from './sse'
import type { Change, Instance, InstanceList, JournalEvent } from './types'

export type Mode = 'connecting' | 'stream' | 'polling' | 'lost' | 'forbidden'

/** At most four repaints a second. */
const REPAINT_MS = 250
const POLL_MS = 2000
/** Times of checks are not part of the stream; they are read now and then. */
const TIMES_MS = 15_000
/** A stream that is silent for so long is taken for dead: the manager says something more often. */
const SILENCE_MS = 45_000
/** How long a snapshot may take after the manager said that it forgot. */
const SNAPSHOT_MS = 3000
const SEEN_MOST = 500
const PENDING_MOST = 2000

class Live {
  rows = $state.raw<Rows>(new Map())
  mode = $state<Mode>('connecting')
  /** When the manager was last heard, as a number; 0 before the first time. */
  heardAt = $state(0)
  error = $state<string | null>(null)
  paused = $state(false)
  /** Changes kept back while paused. */
  waiting = $state(0)
  /** What happened since the page was opened, newest first. */
  seen = $state.raw<readonly Seen[]>([])
  journal = $state.raw<readonly JournalEvent[]>([])
  needsToken = $state(false)

  #pending: Change[] = []
  #journal: JournalEvent[] = []
  #latest: Rows = new Map()
  #timer: ReturnType<typeof setTimeout> | undefined
  #lastId: string | null = null
  #streams = true
  #began = false
  #kept = 0
  #forgottenAt = 0
  #abort = new AbortController()
  #wake: () => void = () => {}
  #heard = 0
  #flushedAt = 0

  list = $derived([...this.rows.values()])
  /** In the order of names as people count. */
  named = $derived(sorted(this.list, { key: 'instanceId', down: false }, (row) => row.instanceId, (row) => row.instanceId))

  start(): void {
    whenForbidden(() => this.#forbid())
    const again = () => !document.hidden && this.retry()
    document.addEventListener('visibilitychange', again)
    addEventListener('online', again)
    addEventListener('offline', () => {
      this.#lose('this computer is offline')
      // A stream may outlive it without a word, and would then never be taken up again.
      this.#abort.abort()
    })
    setInterval(() => this.#watch(), 1000)
    setInterval(() => this.#readTimes(), TIMES_MS)
    void this.#run()
  }

  /** Asks at once, whatever it was waiting for. */
  retry(): void {
    if (this.mode === 'forbidden') return
    if (Date.now() - this.#heard > POLL_MS) this.#wake()
  }

  /** Takes a new token into use. */
  authorised(): void {
    this.needsToken = false
    this.mode = 'connecting'
    this.#streams = true
    this.#abort.abort()
    this.#wake()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.#flush()
  }

  /** Reads the list now: after an action its result must be on the screen. */
  async refresh(): Promise<void> {
    const list = await ask<InstanceList>('api/v1/instances')
    this.#replace(list.instances, list.timestamp, true)
  }

  async #run(): Promise<never> {
    for (;;) {
      let wait = POLL_MS
      try {
        if (this.mode === 'forbidden') wait = 3_600_000
        else if (document.hidden && this.heardAt > 0 && !this.#streams) wait = 3_600_000
        else if (this.#streams && (await this.#stream())) wait = 500
        else await this.#poll()
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 401)) this.#lose(error instanceof Error ? error.message : String(error))
      }
      await this.#rest(wait)
    }
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #poll(): Promise<void> {
    const list = await ask<InstanceList>('api/v1/instances')
    this.mode = 'polling'
    this.#hear()
    this.#replace(list.instances, list.timestamp)
  }

  /** Follows the stream to its end; false if there is none. */
  async #stream(): Promise<boolean> {
    this.#abort = new AbortController()
    const response = await fetch(new URL('api/v1/updates?topics=instances,journal', root()), {
      headers: { ...headers(), Accept: 'text/event-stream', ...(this.#lastId ? { 'Last-Event-ID': this.#lastId } : {}) },
      signal: this.#abort.signal,
      cache: 'no-store',
    }).catch(() => {
      throw new ApiError('the manager does not answer', 0)
    })
    if (response.status === 401) {
      this.#forbid()
      throw new ApiError('needs a token', 401)
    }
    if ([404, 405, 406, 501].includes(response.status)) {
      this.#streams = false
      return false
    }
    // Too many subscribers, or a proxy that does not like streams: the list will do until the next try.
    if (response.status >= 500) return false
    if (!response.ok) throw new ApiError(`the stream of updates answered ${response.status}`, response.status)
    this.mode = 'stream'
    this.#forgottenAt = 0
    this.#hear()
    await readEvents(response, (event) => this.#take(event), () => this.#hear()).catch(() => {})
    if (this.mode === 'stream') this.#lose('the stream of updates ended')
    return true
  }

  #take(event: ServerEvent): void {
    if (event.id && event.event !== 'resync') this.#lastId = event.id
    const data = JSON.parse(event.data) as unknown
    if (event.event === 'snapshot') {
      this.#forgottenAt = 0
      const snapshot = data as { instances: Instance[]; timestamp: string }
      this.#replace(snapshot.instances, snapshot.timestamp)
    } else if (event.event === 'change') {
      this.#queue([data as Change])
    } else if (event.event === 'journal') {
      this.#journal.push(data as JournalEvent)
      this.#schedule()
    } else if (event.event === 'resync') {
      // The manager forgot where we were: what it says next is a snapshot. If it does not come, we ask anew.
      this.#lastId = null
      this.#forgottenAt = Date.now()
    }
  }

  #replace(list: Instance[], timestamp: string, now = false): void {
    const rows = rowsOf(list)
    const changes = differences(this.#latest, rows, timestamp)
    const first = !this.#began
    this.#began = true
    this.#latest = rows
    if (first || (now && !this.paused)) {
      if (!first) this.#remember(changes)
      this.#pending = []
      this.#kept = 0
      this.rows = rows
      return
    }
    // Times of checks are shown with the next repaint, changed or not.
    this.#keep(changes)
  }

  #queue(changes: Change[]): void {
    this.#latest = apply(this.#latest, changes)
    this.#keep(changes)
  }

  /** Only the story of the changes is cut when a pause lasts long; the rows are those of the last of them. */
  #keep(changes: Change[]): void {
    this.#pending.push(...changes)
    if (this.#pending.length > 2 * PENDING_MOST) this.#pending.splice(0, this.#pending.length - PENDING_MOST)
    this.#kept += changes.length
    this.#schedule()
  }

  #schedule(): void {
    if (this.paused) {
      this.waiting = this.#kept
      return
    }
    // After a quiet time at once: only what follows closely has to wait.
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(0, this.#flushedAt + REPAINT_MS - performance.now()))
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.paused) return
    this.#flushedAt = performance.now()
    const pending = this.#pending
    this.#pending = []
    this.#kept = 0
    this.waiting = 0
    this.#remember(pending)
    this.rows = this.#latest
    if (this.#journal.length > 0) {
      this.journal = [...this.#journal.reverse(), ...this.journal].slice(0, SEEN_MOST)
      this.#journal = []
    }
  }

  #remember(changes: Change[]): void {
    const told: Seen[] = []
    const rows = new Map(this.rows)
    for (const change of changes) {
      const seen = tell(rows.get(change.instanceId), change)
      if (seen) told.push(seen)
      if (change.instance) rows.set(change.instanceId, change.instance)
      else rows.delete(change.instanceId)
    }
    if (told.length > 0) this.seen = [...told.reverse(), ...this.seen].slice(0, SEEN_MOST)
  }

  async #readTimes(): Promise<void> {
    if (this.mode !== 'stream' || document.hidden || this.paused) return
    const list = await ask<InstanceList>('api/v1/instances').catch(() => null)
    if (list && this.mode === 'stream') this.#replace(list.instances, list.timestamp)
  }

  #hear(): void {
    this.#heard = Date.now()
    if (this.#heard - this.heardAt > 500) this.heardAt = this.#heard
    if (this.error) this.error = null
  }

  #watch(): void {
    if (this.mode !== 'stream') return
    const forgotten = this.#forgottenAt > 0 && Date.now() - this.#forgottenAt > SNAPSHOT_MS
    if (forgotten || Date.now() - this.#heard > SILENCE_MS) this.#abort.abort()
  }

  #lose(why: string): void {
    if (this.mode === 'forbidden') return
    this.mode = 'lost'
    this.error = why
  }

  #forbid(): void {
    // Asked once: who closed the question is not asked again by the next answer.
    if (this.mode !== 'forbidden') this.needsToken = true
    this.mode = 'forbidden'
  }
}

export const live = new Live()
