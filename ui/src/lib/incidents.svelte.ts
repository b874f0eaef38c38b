// The incidents that are open, for every page: read every few seconds, and at once when the journal says that something happened.
import { live } from './live.svelte'
import { Resource } from './resource.svelte'
import type { Incident, Incidents } from './types'

/** What an incident is about, beside its title. */
export const WORST: Record<string, string> = { down: 'down', 'setup-down': 'setups down', 'setup-missing': 'setups missing', doubt: 'manager in doubt' }

/** How the affected ones are now, the worst first; nothing that is zero. */
export function standing({ affected }: Incident): string {
  const { bad, unknown, recovered, left } = affected
  const parts = [bad && `${bad} bad now`, unknown && `${unknown} unknown`, recovered && `${recovered} recovered`, left && `${left} gone`]
  return parts.filter(Boolean).join(', ')
}

class Watch {
  readonly answer = new Resource<Incidents>(5000, () => {}, true)
  open = $derived<Incident[]>(this.answer.data?.incidents.filter((incident) => incident.status === 'open') ?? [])
  count = $derived(this.answer.data?.open ?? 0)
  /** Whether anything is bad at this moment; if not, the open ones only wait to be closed. */
  bad = $derived(this.open.some((incident) => incident.affected.bad > 0))

  /** To be called once, by a component that stays. */
  start(): void {
    let known = live.journal[0]?.id
    $effect(() => {
      const newest = live.journal[0]?.id
      if (newest === known) return
      known = newest
      if (!this.answer.notOffered) void this.answer.read()
    })
  }
}

export const incidents = new Watch()
