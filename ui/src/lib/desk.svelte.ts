// What lies open over the page: a dialog, the palette. One at a time, from anywhere.
import type { Verb } from './actions'
import type { Target } from './backlog.svelte'
import type { Instance } from './types'

type Open =
  | { kind: 'action'; verb: Verb; instances: Instance[] }
  | { kind: 'register' }
  | { kind: 'messages'; target: Target }
  | { kind: 'palette'; text: string }
  | { kind: 'keys' }

class Desk {
  open = $state.raw<Open | null>(null)

  act(verb: Verb, instances: Instance[]): void {
    if (instances.length > 0) this.open = { kind: 'action', verb, instances }
  }
  show(kind: 'register' | 'keys'): void {
    this.open = { kind }
  }
  messages(target: Target): void {
    this.open = { kind: 'messages', target }
  }
  /** The palette, with something already written: everything that can be done with an instance. */
  find(text = ''): void {
    this.open = { kind: 'palette', text }
  }
  close(): void {
    this.open = null
  }
}

export const desk = new Desk()
