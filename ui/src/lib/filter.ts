// The filter box: the list API's own parameters, and free words beside them.
//
// `environment=production status=unhealthy metadata.zone="rack 4" orders` — a parameter must match exactly, as in the API;
// a word must occur in what the row shows.
import type { Instance } from './types'

export interface Term {
  key: string | null
  value: string
}

export const KEYS = ['environment', 'region', 'status'] as const
export const STATES = ['healthy', 'unhealthy', 'unknown', 'starting', 'stopping'] as const

const TERM = /(?:([A-Za-z]+(?:\.[^\s=":]+)?)[=:])?(?:"((?:[^"\\]|\\.)*)"?|(\S+))/gu

export const isKey = (key: string): boolean => (KEYS as readonly string[]).includes(key) || /^metadata\../u.test(key)

export function parse(text: string): Term[] {
  const terms: Term[] = []
  for (const match of text.matchAll(TERM)) {
    const [whole, key, quoted, plain] = match
    const value = quoted !== undefined ? quoted.replaceAll(/\\(.)/gu, '$1') : (plain ?? '')
    if (key && isKey(key)) terms.push({ key, value })
    else terms.push({ key: null, value: whole.replaceAll('"', '') })
  }
  return terms
}

const plain = /^[^\s"\\]+$/u

export function write(terms: Term[]): string {
  const value = (text: string) => (plain.test(text) ? text : `"${text.replaceAll(/["\\]/gu, '\\$&')}"`)
  return terms.map((term) => (term.key ? `${term.key}=${value(term.value)}` : value(term.value))).join(' ')
}

/** The query of the list API that says the same; free words are not part of it. */
export function query(terms: Term[], sort: string | null, at: string | null = null): string {
  const parameters = new URLSearchParams()
  for (const term of terms) if (term.key) parameters.append(term.key, term.value)
  if (sort) parameters.set('sort', sort)
  if (at) parameters.set('at', at)
  const text = parameters.toString()
  return text ? `?${text}` : ''
}

function field(instance: Instance, key: string): string | undefined {
  if (key === 'environment') return instance.environment
  if (key === 'region') return instance.region
  if (key === 'status') return instance.status
  return instance.metadata[key.slice('metadata.'.length)]
}

const haystacks = new WeakMap<Instance, string>()

function haystack(instance: Instance): string {
  let text = haystacks.get(instance)
  if (text === undefined) {
    const labels = Object.entries(instance.metadata).map(([key, value]) => `${key}=${value}`)
    const { instanceId, host, port, version, environment, region, status, presence, statusReason } = instance
    text = [instanceId, `${host}:${port}`, version, environment, region, status, presence, statusReason ?? '', ...labels].join('\n').toLowerCase()
    haystacks.set(instance, text)
  }
  return text
}

/** A test of rows, prepared once for a keystroke. As in the API, a parameter said twice counts the last time, labels all. */
export function matcher(terms: Term[]): (instance: Instance) => boolean {
  const words = terms.filter((term) => !term.key).map((term) => term.value.toLowerCase())
  const last = new Map<string, string>()
  const labels: Term[] = []
  for (const term of terms) {
    if (term.key?.startsWith('metadata.')) labels.push(term)
    else if (term.key) last.set(term.key, term.key === 'status' ? term.value.toLowerCase() : term.value)
  }
  return (instance) =>
    [...last].every(([key, value]) => field(instance, key) === value) &&
    labels.every((term) => field(instance, term.key!) === term.value) &&
    (words.length === 0 || words.every((word) => haystack(instance).includes(word)))
}

/** What could be written at the end of the text, best first. */
export function complete(text: string, instances: Iterable<Instance>, most = 8): string[] {
  const at = text.search(/\S*$/u)
  const head = text.slice(0, at)
  const tail = text.slice(at)
  const [, key, start] = /^([A-Za-z]+(?:\.[^\s=":]+)?)[=:](.*)$/u.exec(tail) ?? []
  if (!key) {
    const names = new Set<string>(KEYS)
    for (const instance of instances) for (const label of Object.keys(instance.metadata)) if (plain.test(label)) names.add(`metadata.${label}`)
    return tail === '' ? [] : [...names].filter((name) => name.startsWith(tail)).slice(0, most).map((name) => `${head}${name}=`)
  }
  if (!isKey(key)) return []
  const values = new Map<string, number>()
  if (key === 'status') for (const state of STATES) values.set(state, 0)
  for (const instance of instances) {
    const value = field(instance, key)
    if (value !== undefined) values.set(value, (values.get(value) ?? 0) + 1)
  }
  const wanted = (start ?? '').replaceAll('"', '').toLowerCase()
  return [...values]
    .filter(([value]) => value.toLowerCase().startsWith(wanted) && value.toLowerCase() !== wanted)
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([value]) => `${head}${write([{ key, value }])} `)
}
