// A thing that is read now and read again: keeps the last good answer with its age when a later one fails.
import { onDestroy, untrack } from 'svelte'
import { ApiError, ask } from './api'
import { live } from './live.svelte'

export class Resource<T> {
  data = $state.raw<T | null>(null)
  error = $state.raw<ApiError | null>(null)
  /** When the last good answer came; 0 before. */
  at = $state(0)
  asking = $state(false)
  #path: string | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #abort = new AbortController()

  constructor(
    readonly everyMs: number | null,
    readonly onData: (data: T) => void = () => {},
    /** Whether the last answer stays until that of another address comes. */
    readonly keeps = false,
  ) {}

  get notOffered(): boolean {
    return this.error?.notOffered ?? false
  }

  /** Reads another address; null for none. */
  follow(path: string | null): void {
    if (path === this.#path) return
    this.#path = path
    if (!this.keeps || path === null) {
      this.data = null
      this.at = 0
    }
    this.error = null
    void this.read()
  }

  async read(): Promise<void> {
    clearTimeout(this.#timer)
    this.#abort.abort()
    const path = this.#path
    if (path === null) return
    const abort = (this.#abort = new AbortController())
    this.asking = true
    try {
      const data = await ask<T>(path, { signal: abort.signal })
      this.data = data
      this.error = null
      this.at = Date.now()
      this.onData(data)
    } catch (error) {
      if (abort.signal.aborted) return
      this.error = error instanceof ApiError ? error : new ApiError(String(error), 0)
    }
    this.asking = false
    if (this.everyMs !== null && !this.notOffered) this.#timer = setTimeout(() => this.#again(), this.everyMs)
  }

  stop(): void {
    this.#path = null
    clearTimeout(this.#timer)
    this.#abort.abort()
  }

  #again(): void {
    if (document.hidden || live.paused || live.mode === 'forbidden') this.#timer = setTimeout(() => this.#again(), 500)
    else void this.read()
  }
}

/** A resource that lives as long as the component that asks for it; `path` may depend on state. */
export function reading<T>(path: () => string | null, everyMs: number | null, onData?: (data: T) => void, keeps = false): Resource<T> {
  const resource = new Resource<T>(everyMs, onData, keeps)
  follow(resource, path)
  onDestroy(() => resource.stop())
  return resource
}

/** Lets a resource follow an address that may depend on state, as long as the component lives. */
export function follow<T>(resource: Resource<T>, path: () => string | null): void {
  $effect(() => {
    const wanted = path()
    // A token that came meanwhile is a reason to ask again.
    const waits = live.needsToken
    untrack(() => {
      resource.follow(wanted)
      if (!waits && resource.error?.status === 401) void resource.read()
    })
  })
}
