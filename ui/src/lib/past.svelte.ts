// The past that is looked at: the instances as the journal says they were at the time in the address.
//
// Owns that reading and the way to another time. Does not own the address (route.svelte.ts).
import { rowsOf, type Rows } from './changes'
import { Resource } from './resource.svelte'
import { route } from './route.svelte'
import type { InstanceList } from './types'

/** A time for a query, whole seconds: what a hand can point at. */
export const moment = (at: number): string => new Date(Math.floor(at / 1000) * 1000).toISOString().replace('.000Z', 'Z')

class Past {
  readonly answer = new Resource<InstanceList>(null, () => {}, true)

  /** Null is now. */
  at = $derived(route.at === null || Number.isNaN(Date.parse(route.at)) ? null : Date.parse(route.at))
  rows = $derived<Rows>(rowsOf(this.answer.data?.instances ?? []))
  list = $derived([...this.rows.values()])
  view = $derived(this.answer.data?.past ?? null)
  /** How far back the journal reaches, where it was asked about earlier times. */
  reaches = $derived.by(() => {
    const body = this.answer.error?.status === 410 ? (this.answer.error.body as { reaches?: unknown }) : null
    return typeof body?.reaches === 'string' ? Date.parse(body.reaches) : this.view ? Date.parse(this.view.reaches) : null
  })

  path = $derived(route.at === null ? null : `api/v1/instances?at=${encodeURIComponent(route.at)}`)

  /** Goes to a time; what is later than now is now. */
  go(at: number | null): void {
    route.set({ at: at === null || at >= Date.now() ? null : moment(at), before: null })
  }
}

export const past = new Past()
