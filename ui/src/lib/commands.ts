// The commands of the palette and the pages of the console.
import { ACTIONS, possible } from './actions'
import { desk } from './desk.svelte'
import { live } from './live.svelte'
import { appearance } from './look.svelte'
import { route } from './route.svelte'
import type { Instance } from './types'

export interface Command {
  id: string
  name: string
  group: string
  keys?: string
  run: () => void
}

export const PAGES = [
  { page: 'overview', name: 'Overview', key: 'o' },
  { page: 'instances', name: 'Instances', key: 'i' },
  { page: 'queues', name: 'Queues', key: 'q' },
  { page: 'consumer-groups', name: 'Consumer groups', key: 'c' },
  { page: 'event-stores', name: 'Event stores', key: 'e' },
  { page: 'routing', name: 'Routing', key: 'r' },
  { page: 'incidents', name: 'Incidents', key: 'n' },
  { page: 'timeline', name: 'Timeline', key: 't' },
  { page: 'managers', name: 'Managers', key: 'm' },
] as const

function fixed(): Command[] {
  const pages = PAGES.map(({ page, name, key }) => ({ id: `page ${page}`, name, group: 'page', keys: `g ${key}`, run: () => route.go(route.href(page)) }))
  return [
    ...pages,
    { id: 'register', name: 'Register an instance', group: 'action', run: () => desk.show('register') },
    { id: 'pause', name: live.paused ? 'Resume updates' : 'Pause updates', group: 'action', keys: 'p', run: () => (live.paused ? live.resume() : live.pause()) },
    { id: 'light', name: 'Theme: light', group: 'theme', run: () => appearance.choose('light') },
    { id: 'dark', name: 'Theme: dark', group: 'theme', run: () => appearance.choose('dark') },
    { id: 'system', name: 'Theme: as the system', group: 'theme', run: () => appearance.choose('system') },
    { id: 'keys', name: 'Keys', group: 'help', keys: '?', run: () => desk.show('keys') },
  ]
}

function of(instance: Instance): Command[] {
  const id = instance.instanceId
  const verbs = possible([instance]).map((verb) => ({ id: `${verb} ${id}`, name: `${ACTIONS[verb].name}: ${id}`, group: 'action', run: () => desk.act(verb, [instance]) }))
  return [{ id: `instance ${id}`, name: id, group: 'instance', run: () => route.go(route.href('instances', id)) }, ...verbs]
}

/** What fits the letters; every word must occur. Actions on an instance are offered when few instances fit. */
export function commands(text: string, instances: readonly Instance[], most = 40): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = (name: string) => words.every((word) => name.toLowerCase().includes(word))
  const found = fixed().filter((command) => fits(`${command.name} ${command.group}`))
  if (words.length === 0) return found
  for (const instance of instances) {
    if (found.length >= most) break
    const verbs = of(instance).filter((command) => fits(command.name))
    found.push(...verbs)
  }
  return found.slice(0, most)
}
