// What needs attention, the worst first. Says what is wrong and where to look; invents no judgement of its own.
import { standing } from './incidents.svelte'
import { route } from './route.svelte'
import { look, orderText } from './states'
import type { Incident, Instance, ManagerDetail, Overview } from './types'

export interface Item {
  id: string
  title: string
  text: string
  look: string
  href: string | null
  urgency: number
}

export function attention(instances: readonly Instance[], overview: Overview | null, manager: ManagerDetail | null, incidents: readonly Incident[] = []): Item[] {
  const items: Item[] = []
  // What an incident is wholly about is told once.
  const told = new Set<string>()
  for (const incident of incidents) {
    items.push({ id: `incident ${incident.id}`, title: incident.title, text: standing(incident), look: incident.affected.bad > 0 ? 'failed' : 'degraded', href: route.href('incidents', incident.id), urgency: incident.affected.bad > 0 ? -2 : 0.5 })
    if (incident.scope.kind === 'instance' && incident.scope.name) told.add(incident.scope.name)
  }
  for (const sentence of manager?.degraded ?? []) {
    items.push({ id: `manager ${sentence}`, title: 'Manager', text: sentence, look: 'degraded', href: route.href('managers'), urgency: -1 })
  }
  for (const instance of instances) {
    const of = told.has(instance.instanceId) ? null : about(instance)
    if (of) {
      told.add(instance.instanceId)
      items.push({ id: instance.instanceId, title: instance.instanceId, href: route.href('instances', instance.instanceId), ...of })
    }
  }
  for (const source of overview?.sources ?? []) {
    if (source.status === 'ok' || told.has(source.instanceId)) continue
    const text = `does not give its figures: ${source.error ?? source.status}`
    items.push({ id: `source ${source.instanceId}`, title: source.instanceId, text, look: 'degraded', href: route.href('instances', source.instanceId), urgency: 2 })
  }
  return items.sort((a, b) => a.urgency - b.urgency || (a.id < b.id ? -1 : 1))
}

function about(instance: Instance): { text: string; look: string; urgency: number } | null {
  const { tone, urgency } = look(instance)
  const why = instance.statusReason ?? ''
  if (instance.status === 'unhealthy') return { text: why || 'unhealthy', look: 'unhealthy', urgency }
  if (tone === 'warn') return { text: `setups that do not work: ${instance.troubledSetups.join(', ')}`, look: 'degraded', urgency }
  if (instance.consecutiveFailures > 0) return { text: `${instance.consecutiveFailures} failed checks in a row${why ? `: ${why}` : ''}`, look: 'degraded', urgency: 1 }
  if (instance.presence !== 'serving') {
    const order = orderText(instance.order)
    return { text: `${instance.presence}${order ? `: ${order}` : ''}`, look: instance.presence === 'starting' ? 'starting' : 'stopping', urgency: 5 }
  }
  if (instance.status === 'unknown') return { text: why || 'not checked yet', look: 'unknown', urgency }
  return null
}
