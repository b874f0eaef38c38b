// The parts of the console that think: each rule once, with what would break it.
import { describe, expect, it } from 'vitest'
import { fallbackFor, possible, requestFor } from './actions'
import { errorOf } from './api'
import { drawn, strip } from './availability'
import { apply, differences, rowsOf, tell } from './changes'
import { sum } from './figures'
import { complete, matcher, parse, query, write } from './filter'
import { ago, bytes, count, duration, millis, rate } from './format'
import { grouped, groupKeys } from './groups'
import { read } from './place'
import { line, Memory } from './series'
import { compare, parseSort, sorted, writeSort } from './sort'
import { EventReader, type ServerEvent } from './sse'
import { look } from './states'
import type { Availability, Change, Instance } from './types'
import { slice } from './window'

const instance = (id: string, more: Partial<Instance> = {}): Instance => ({
  instanceId: id, host: '10.0.0.1', port: 8080, scheme: 'http', version: '1.0', environment: 'production', region: 'eu', healthy: true, status: 'healthy',
  statusReason: null, troubledSetups: [], presence: 'serving', consecutiveFailures: 0, weight: 1, revision: 1, registeredAt: '2026-01-01T00:00:00Z',
  lastHealthCheck: null, baseUrl: '', managementUrl: '', healthUrl: '', metadata: {}, ...more,
})

describe('filter', () => {
  const rows = [
    instance('a', { region: 'us', metadata: { zone: 'rack 4', team: 'x' } }),
    instance('b', { status: 'unhealthy', statusReason: 'Connection refused' }),
    instance('c', { environment: 'staging' }),
  ]
  const found = (text: string) => rows.filter(matcher(parse(text))).map((row) => row.instanceId).join()

  it('takes the parameters of the API and free words', () => {
    expect(found('')).toBe('a,b,c')
    expect(found('environment=production region=us')).toBe('a')
    expect(found('metadata.zone="rack 4"')).toBe('a')
    expect(found('status:UNHEALTHY')).toBe('b')
    expect(found('refused')).toBe('b')
    expect(found('environment=prod')).toBe('')
    expect(found('environment=staging environment=production b')).toBe('b')
    expect(found('colour=red')).toBe('')
    expect(found('team=x')).toBe('a')
  })

  it('survives what people type half-way', () => {
    for (const text of ['"', 'a="', 'metadata.', 'status=', '=', ':', '\\', 'metadata.zone="rack', '<img onerror=1>', '\u202e']) expect(() => found(text)).not.toThrow()
    expect(found('metadata.zone="rack 4')).toBe('a')
  })

  it('writes what it reads, and says it as a query', () => {
    const terms = parse('metadata.zone="rack \\"4\\"" status=healthy word')
    expect(parse(write(terms))).toEqual(terms)
    expect(query(terms, '-port')).toBe('?metadata.zone=rack+%224%22&status=healthy&sort=-port')
  })

  it('completes keys and values', () => {
    expect(complete('env', rows)).toEqual(['environment='])
    expect(complete('x metadata.z', rows)).toEqual(['x metadata.zone='])
    expect(complete('environment=', rows)).toEqual(['environment=production ', 'environment=staging '])
    expect(complete('metadata.zone=r', rows)).toEqual(['metadata.zone="rack 4" '])
    expect(complete('', rows)).toEqual([])
  })

  it('finds the few among a thousand', () => {
    const many = Array.from({ length: 1000 }, (_, at) => instance(`peegeeq-${at}`, { metadata: { rack: String(at % 40) } }))
    expect(many.filter(matcher(parse('metadata.rack=3 peegeeq-9')))).toHaveLength(2)
  })
})

describe('numbers and times', () => {
  it('never show an unknown as zero', () => {
    for (const show of [count, rate, millis, bytes]) expect([show(null), show(undefined)]).toEqual(['–', '–'])
    expect([count(0), count(1234567), millis(0.115), bytes(155_409_296)]).toEqual(['0', '1,234,567', '0.12 ms', '155 MB'])
    expect(sum([1, null])).toBeNull()
    expect([sum([1, 2]), sum([])]).toEqual([3, null])
  })
  it('are told as people do', () => {
    expect([ago(0, 500), ago(0, 12_000), ago(60_000, 0)]).toEqual(['now', '12 s ago', 'in 1 min'])
    expect([duration(61_000), duration(3_600_000 * 3 + 60_000), duration(86_400_000 * 3)]).toEqual(['1 min 1 s', '3 h 1 min', '3 d'])
  })
})

describe('sort', () => {
  it('keeps unknown last both ways and counts as people do', () => {
    const rows = ['n10', 'n2', '', 'n1']
    const by = (down: boolean) => sorted(rows, { key: 'x', down }, (row) => row || null, String).join()
    expect([by(false), by(true)]).toEqual(['n1,n2,n10,', 'n10,n2,n1,'])
    expect([compare(null, 0, false), compare(null, 0, true)]).toEqual([1, 1])
    expect(writeSort(parseSort('-port', 'x'))).toBe('-port')
    expect(parseSort('', 'name')).toEqual({ key: 'name', down: false })
  })
})

describe('server-sent events', () => {
  const text = ': hello\r\n\r\nid: 1:7\nevent: change\ndata: {"a":1,\ndata: "b":"ä"}\n\ndata:x\n\n'
  const all = (pieces: string[]) => {
    const events: ServerEvent[] = []
    const reader = new EventReader((event) => events.push(event))
    for (const piece of pieces) reader.push(piece)
    return events
  }
  it('come out the same however they are cut', () => {
    const whole = all([text])
    expect(whole).toEqual([{ id: '1:7', event: 'change', data: '{"a":1,\n"b":"ä"}' }, { id: '1:7', event: 'message', data: 'x' }])
    for (let at = 0; at < text.length; at++) expect(all([text.slice(0, at), text.slice(at)])).toEqual(whole)
    expect(all([...text])).toEqual(whole)
  })
  it('do not fill the memory', () => {
    const reader = new EventReader(() => {}, 10)
    expect(() => reader.push('data: 12345678')).toThrow()
  })
})

describe('changes', () => {
  const change = (kind: Change['kind'], row: Instance | null, id = 'a'): Change => ({ kind, instanceId: id, instance: row, generation: 1, timestamp: '2026-01-01T00:00:00Z' })
  it('lead to what a fresh reading shows', () => {
    const before = rowsOf([instance('b'), instance('a')])
    const after = rowsOf([instance('a', { status: 'unhealthy' }), instance('c')])
    const changes = differences(before, after, '2026-01-01T00:00:00Z')
    expect(changes.map(({ kind, instanceId }) => `${kind} ${instanceId}`)).toEqual(['instance.updated a', 'instance.added c', 'instance.removed b'])
    expect([...apply(before, changes)]).toEqual([...after])
  })
  it('ignore the time of the last check', () => {
    expect(differences(rowsOf([instance('a')]), rowsOf([instance('a', { lastHealthCheck: '2026-01-01T00:00:01Z' })]), '')).toEqual([])
  })
  it('are told in words', () => {
    expect(tell(undefined, change('instance.added', instance('a')))?.summary).toBe('registered at 10.0.0.1:8080')
    expect(tell(instance('a'), change('instance.updated', instance('a', { status: 'unhealthy', statusReason: 'refused' })))?.summary).toBe('healthy → unhealthy: refused')
    expect(tell(instance('a'), change('instance.updated', instance('a')))).toBeNull()
    expect(tell(instance('a'), change('instance.removed', null))?.kind).toBe('removed')
  })
})

describe('small lines', () => {
  it('have gaps where nothing was known and forget the oldest', () => {
    expect(line([{ at: 0, value: 1 }], 80, 18)).toBe('')
    expect(line([{ at: 0, value: 1 }, { at: 1, value: null }, { at: 2, value: 3 }, { at: 3, value: 3 }], 32, 18)).toBe('M1.0 16.5M21.0 1.5L31.0 1.5')
    const memory = new Memory(2, 2)
    for (const at of [1, 2, 3, 3]) memory.note('a', at, at)
    expect(memory.of('a').map((point) => point.at)).toEqual([2, 3])
    memory.note('b', 1, 1)
    memory.note('c', 1, 1)
    expect(memory.of('a')).toEqual([])
  })
})

describe('places', () => {
  it('are read below any path', () => {
    expect(read('/x/y/ui/instances/a%2Fb%20c', '?q=1', '/x/y/ui/')).toMatchObject({ page: 'instances', id: 'a/b c' })
    expect(read('/ui/', '', '/ui/')).toMatchObject({ page: 'overview', id: null })
    expect(read('/ui/instances/', '', '/ui/')).toMatchObject({ page: 'instances', id: null })
    expect(read('/ui/instances/%zz', '', '/ui/').id).toBe('%zz')
  })
})

describe('the window of a long list', () => {
  it('covers what is in sight, whatever the scroll says', () => {
    expect(slice(1000, 33, 0, 600)).toEqual({ from: 0, to: 24, above: 0, below: 976 * 33 })
    for (const top of [-50, 0, 10_000, 33_000, 999_999]) {
      const part = slice(1000, 33, top, 600)
      expect(part.above + (part.to - part.from) * 33 + part.below).toBe(33_000)
    }
    expect(slice(0, 33, 500, 600)).toEqual({ from: 0, to: 0, above: 0, below: 0 })
  })
})

describe('states and orders', () => {
  it('tell an order before what follows from it, but never hide death', () => {
    expect(look(instance('a', { status: 'unknown', presence: 'maintenance' })).word).toBe('maintenance')
    expect(look(instance('a', { status: 'unhealthy', presence: 'draining' })).word).toBe('unhealthy')
    expect(look(instance('a', { troubledSetups: ['s'] })).tone).toBe('warn')
    expect(look(instance('a', { status: 'new-word' })).word).toBe('new-word')
  })
  it('become requests, with a way for managers that lack the verb', () => {
    const values = { weight: 5, reason: 'disk', minutes: '30' }
    const row = instance('a/b')
    expect(requestFor('drain', row, values)).toEqual({ path: 'api/v1/instances/a%2Fb/drain', method: 'POST', body: { reason: 'disk', for: '30m' } })
    expect(fallbackFor('drain', row)).toEqual({ path: 'api/v1/instances/a%2Fb', method: 'PUT', body: { presence: 'draining', revision: 1 } })
    expect(fallbackFor('deregister', row)).toBeNull()
    expect(possible([instance('a')])).not.toContain('resume')
    expect(possible([instance('a', { presence: 'maintenance' })])).toEqual(['check', 'weight', 'resume', 'deregister'])
  })
  it('tell an address that is not offered from a thing that is not there', () => {
    expect(errorOf(404, { error: 'there is nothing at /x: see /docs/' }).notOffered).toBe(true)
    expect(errorOf(404, { error: "instance 'x' is not registered" }).notOffered).toBe(false)
    expect(errorOf(502, '<html>').message).toBe('the manager answered 502')
  })
  it('stand in groups', () => {
    const rows = [instance('a', { metadata: { team: 'x' } }), instance('b', { status: 'unhealthy' })]
    expect(groupKeys(rows)).toContain('metadata.team')
    expect(grouped(rows, 'metadata.team').map((entry) => (entry.kind === 'group' ? `${entry.name} ${entry.healthy}/${entry.size}` : entry.row.instanceId))).toEqual(['without 0/1', 'b', 'x 1/1', 'a'])
  })
})

describe('availability', () => {
  it('counts only the time of which something is known', () => {
    const seen = [{ at: 60, instanceId: 'a', kind: 'unhealthy', summary: 'healthy → unhealthy: refused' }, { at: 20, instanceId: 'a', kind: 'healthy', summary: 'unknown → healthy' }]
    const shown = strip(null, seen, 'unhealthy', 0, 100)
    expect(shown.spans.map((span) => `${span.state} ${span.from}-${span.to}`)).toEqual(['unknown 0-20', 'healthy 20-60', 'unhealthy 60-100'])
    expect(shown.available).toBe(0.5)
    expect(strip(null, [], 'unknown', 0, 100).available).toBeNull()
  })
  it('takes the word of the manager', () => {
    const answer = { availability: 0.99, spans: [{ from: new Date(0).toISOString(), to: null, state: 'healthy' }] } as unknown as Availability
    expect(strip(answer, [], 'healthy', 50, 100)).toEqual({ spans: [{ from: 50, to: 100, state: 'healthy' }], available: 0.99 })
    expect(strip({ ...answer, availability: null }, [], 'healthy', 0, 100).available).toBeNull()
  })
  it('draws what is too short to be seen as part of its neighbour, and never hides a failure', () => {
    const spans = Array.from({ length: 1000 }, (_, at) => ({ from: at, to: at + 1, state: at === 500 ? 'unhealthy' : at % 2 ? 'healthy' : 'stopping' }))
    const parts = drawn(spans, 0, 1000, 100)
    expect(parts.length).toBeLessThanOrEqual(110)
    expect(parts.some((part) => part.state === 'unhealthy')).toBe(true)
    expect([parts[0]!.from, parts[parts.length - 1]!.to]).toEqual([0, 1000])
    expect(spans[0]).toEqual({ from: 0, to: 1, state: 'stopping' })
  })
})
