// Time in the console: the past by address and by hand, what differs between two times, routing as it is now, incidents, managers.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { axe, browserPath, Instance, launch, Manager, open, row, shot, type Watched } from './support.ts'

const now = () => new Date().toISOString()
const at = (time: string) => encodeURIComponent(time)

describe.skipIf(!browserPath())('time in the console', () => {
  let browser: Browser
  let opened: Watched[] = []
  const manager = new Manager(['serve', '-Drouting.ejection.failures=2'])
  const [one, two] = [new Instance(), new Instance()]
  const times = { well: '', bad: '', off: '', again: '' }
  const visit = async (path: string, base = manager.base) => {
    const watched = await open(browser, base, path)
    opened.push(watched)
    return watched.page
  }
  const clean = async (page: Page) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.waitForFunction((wanted) => document.documentElement.dataset['theme'] === wanted, colorScheme)
      expect(await axe(page), colorScheme).toEqual([])
    }
    await page.emulateMedia({ colorScheme: 'light' })
  }
  const state = async (id: string, wanted: string) => {
    for (;;) {
      const { json } = await manager.ask('GET', `/api/v1/instances/${id}`)
      if ((json['instance'] as { status: string }).status === wanted) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  beforeAll(async () => {
    browser = await launch()
    await manager.start()
    await one.start()
    await two.start()
    await manager.register('one', one.port, { region: 'east', metadata: { rack: '7' } })
    await manager.register('two', two.port, { region: 'west' })
    await state('one', 'healthy')
    await state('two', 'healthy')
    times.well = now()
    two.kill()
    await state('two', 'unhealthy')
    times.bad = now()
    await two.start()
    await state('two', 'healthy')
    await manager.stop()
    times.off = now()
    await manager.start()
    await state('one', 'healthy')
    await state('two', 'healthy')
    await manager.ask('DELETE', '/api/v1/instances/two/deregister')
    await manager.ask('PUT', '/api/v1/instances/one', { weight: 9 })
    times.again = now()
  })
  afterEach(async () => {
    const wrongs = opened.flatMap((watched) => watched.wrongs)
    for (const { page } of opened) await page.context().close()
    opened = []
    expect(wrongs).toEqual([])
  })
  afterAll(async () => {
    one.kill()
    two.kill()
    await manager.end()
    await browser?.close()
  })

  it('shows the instances as they were, says so, and leads back', async () => {
    const page = await visit(`/ui/instances?at=${at(times.bad)}`)
    const banner = page.getByRole('region', { name: 'The past' })
    await banner.getByText('You look at the past').waitFor()
    await row(page, 'two').getByText('unhealthy').waitFor()
    await row(page, 'one').getByText('healthy', { exact: true }).waitFor()
    await page.getByText('Not live').waitFor()
    expect(await page.getByRole('button', { name: 'Register…' }).count()).toBe(0)
    expect(await page.locator('tbody input[type=checkbox]').count()).toBe(0)
    await clean(page)
    await shot(page, 'past-instances')
    // The time stays from page to page, and does not come along to those that show now only.
    await row(page, 'two').getByRole('link').click()
    await page.locator('.big').getByText('unhealthy').waitFor()
    expect(new URL(page.url()).searchParams.get('at')).toBe(times.bad)
    await page.getByText('known of the present only').waitFor()
    expect(await page.locator('ol').getByText('instance.deregistered').count()).toBe(0)
    await clean(page)
    await shot(page, 'past-instance')
    await page.getByRole('link', { name: 'Queues', exact: true }).click()
    expect(new URL(page.url()).searchParams.get('at')).toBeNull()
    await page.goBack()
    await banner.getByRole('button', { name: 'Back to now' }).click()
    await page.getByText('Not registered', { exact: true }).waitFor()
    await page.getByText('instance.deregistered').waitFor()
  })

  it('says what nobody knows, and where the journal ends', async () => {
    const page = await visit(`/ui/instances?at=${at(times.off)}`)
    await row(page, 'one').locator('.state').getByText('unknown').waitFor()
    await page.getByText('2 of unknown health').click()
    await page.getByText(/no manager ran/).waitFor()
    await clean(page)
    await shot(page, 'past-unjudged')
    for (const path of ['instances', 'instances/one', 'timeline']) {
      await page.goto(`${manager.base}/ui/${path}?at=2020-01-01T00:00:00Z`)
      await page.getByText('The journal does not reach back so far').waitFor()
    }
    await clean(page)
    await shot(page, 'past-too-far')
    await page.getByRole('button', { name: 'Go to its beginning' }).click()
    await page.locator('ol').getByText('manager.started').waitFor()
    await page.goto(`${manager.base}/ui/instances?at=yesterday`)
    await page.getByText('is no time.').waitFor()
  })

  it('goes into the past by keyboard alone', async () => {
    const page = await visit('/ui/timeline')
    const slider = page.getByRole('slider', { name: 'Time that is looked at' })
    await slider.focus()
    await page.keyboard.press('PageDown')
    await page.waitForFunction(() => new URL(location.href).searchParams.has('at'))
    await page.getByText('You look at the past').waitFor()
    await page.locator('.then').getByText(/instances? then/).waitFor()
    await clean(page)
    await shot(page, 'timeline-past')
    await slider.focus()
    await page.keyboard.press('End')
    await page.waitForFunction(() => !new URL(location.href).searchParams.has('at'))
    await page.getByText('Live', { exact: true }).waitFor()
    await page.goto(`${manager.base}/ui/instances`)
    await page.locator('header summary').focus()
    await page.keyboard.press('Enter')
    await page.locator('header .pop input').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('header .pop input').waitFor({ state: 'hidden' })
    await page.keyboard.press('Enter')
    await page.locator('header .pop input').fill(times.well.slice(0, 19))
    await page.getByRole('button', { name: 'Look', exact: true }).click()
    await page.getByText('You look at the past').waitFor()
  })

  it('tells what differs between two times', async () => {
    const page = await visit(`/ui/timeline?view=compare&from=${at(times.bad)}&to=${at(times.again)}`)
    await page.getByText('0 came, 1 left, 1 changed').waitFor()
    const cells = await page.locator('table', { hasText: 'Before' }).locator('tr', { hasText: 'weight' }).locator('td').allInnerTexts()
    expect(cells.slice(-3)).toEqual(['weight', '1', '9'])
    await clean(page)
    await shot(page, 'compare')
    await page.getByRole('link', { name: 'two' }).click()
    await page.locator('.big').getByText('unhealthy').waitFor()
    await page.goto(`${manager.base}/ui/timeline?view=compare&from=${at(times.again)}`)
    await page.getByText('Nothing differs').waitFor()
    await page.goto(`${manager.base}/ui/timeline?view=compare&from=2020-01-01T00:00:00Z`)
    await page.getByText('The journal does not reach back so far').waitFor()
  })

  it('shows how available an instance was', async () => {
    const page = await visit('/ui/instances/two?window=1h')
    await page.locator('.strip i.bad').first().waitFor()
    const facts = await page.locator('.strip ~ dl > div').evaluateAll((parts) => Object.fromEntries(parts.map((part) => [part.querySelector('dt')!.textContent, part.querySelector('dd')!.textContent])))
    expect(facts['Failures']).toBe('1')
    expect(facts['MTTR']).toMatch(/^\d+ s$/)
    expect(facts['MTBF']).toMatch(/^\d+ s$/)
    await page.locator('.strip').click({ position: { x: 5, y: 5 } })
    await page.getByText(/You look at the past/).waitFor()
  })

  it('routes as the manager tells: shares, orders, weights, ejections, and why', async () => {
    const [a, b] = [new Instance(), new Instance()]
    await a.start()
    await b.start()
    try {
      await manager.register('r-a', a.port)
      await manager.register('r-b', b.port)
      await state('r-a', 'healthy')
      await state('r-b', 'healthy')
      const send = (id: string) => fetch(`${manager.base}/api/v1/setups`, { headers: { 'X-PeeGeeQ-Instance': id } }).then((answer) => answer.text())
      for (let at = 0; at < 3; at++) await send('r-a')
      await send('r-b')
      const page = await visit('/ui/routing')
      await row(page, 'r-a').getByText('75.0 %').waitFor()
      await row(page, 'r-b').getByText('25.0 %').waitFor()
      await page.getByText('round robin', { exact: true }).waitFor()
      await manager.ask('POST', '/api/v1/instances/r-a/drain', { reason: 'disk' })
      await row(page, 'r-a').getByText('draining').waitFor()
      await page.getByText('it is being drained').waitFor()
      await manager.ask('POST', '/api/v1/instances/r-a/maintenance', {})
      await row(page, 'r-a').getByText('maintenance').waitFor()
      await manager.ask('POST', '/api/v1/instances/r-a/resume', {})
      await row(page, 'r-a').getByText('taking part').waitFor()
      await manager.ask('PUT', '/api/v1/instances/r-b', { weight: 0 })
      await row(page, 'r-b').getByText('weight 0').waitFor()
      await manager.ask('PUT', '/api/v1/instances/r-b', { weight: 5 })
      await row(page, 'r-b').getByText('taking part').waitFor()
      // It answers probes well and requests with errors: only what it does to requests speaks against it.
      b.failing = true
      for (let at = 0; at < 4; at++) await send('r-b')
      await row(page, 'r-b').getByText('ejected').waitFor()
      await page.locator('li', { hasText: 'r-b' }).getByText(/server errors/).waitFor()
      await clean(page)
      await shot(page, 'routing-told')

      await page.getByLabel('Path').fill('/api/v1/setups')
      await page.getByLabel('Method').selectOption('POST')
      await page.getByRole('button', { name: 'Explain' }).click()
      await page.locator('.said').waitFor()
      await page.locator('tr', { hasText: 'r-a' }).last().getByText(/chosen|candidate/).waitFor()
      expect(page.url()).toContain('path=%2Fapi%2Fv1%2Fsetups')
      await clean(page)
      await shot(page, 'routing-explained')
      await page.reload()
      await page.locator('.said').waitFor()
      await page.getByLabel('Path').fill('/api/v1/instances')
      await page.getByRole('button', { name: 'Explain' }).click()
      await page.locator('.said').getByText(/manager/).waitFor()
      await page.getByLabel('Path').fill('no path')
      await page.getByRole('button', { name: 'Explain' }).click()
      await page.getByRole('alert').waitFor()
    } finally {
      for (const id of ['r-a', 'r-b']) await manager.ask('DELETE', `/api/v1/instances/${id}/deregister`)
      a.kill()
      b.kill()
    }
  })

  it('shows the managers and their settings', async () => {
    const page = await visit('/ui/managers')
    await page.locator('.members').getByText('leader, answers here').waitFor()
    await page.getByRole('combobox', { name: 'Filter settings' }).fill('ejection.failures')
    await page.locator('tr', { hasText: 'routing.ejection.failures' }).getByText('-Drouting.ejection.failures').waitFor()
    expect(await page.locator('.settings tbody tr').count()).toBe(1)
    await page.getByRole('combobox', { name: 'Filter settings' }).fill('')
    await page.getByRole('button', { name: 'Set by somebody' }).click()
    await page.locator('tr', { hasText: 'service.bind' }).waitFor({ state: 'detached' })
    await clean(page)
    await shot(page, 'managers')
  })

  describe('incidents', () => {
    const [a, b] = [new Instance(), new Instance()]
    beforeAll(async () => {
      await a.start()
      await b.start()
      await manager.register('i-a', a.port, { environment: 'production' })
      await manager.register('i-b', b.port, { environment: 'production' })
      await state('i-a', 'healthy')
      await state('i-b', 'healthy')
    })
    afterAll(async () => {
      a.kill()
      b.kill()
    })

    /** Answers in the manager's place where it cannot tell of incidents; true if it stands in. */
    async function standIn(page: Page): Promise<boolean> {
      if ((await fetch(`${manager.base}/api/v1/incidents`)).ok) return false
      const began = times.again
      const incident = {
        id: '42', status: 'open', title: '2 instances on host 127.0.0.1 went down', scope: { kind: 'host', name: '127.0.0.1' }, startedAt: began, openedAt: began, openedBy: '2:42', lastBadAt: began,
        stableSince: null, closesAt: null, closedAt: null, durationMs: 60_000, worst: 'down', affected: { total: 2, instances: 2, bad: 2, recovered: 0, left: 0, unknown: 0 }, relapses: 0, environments: ['production'], merged: [],
      }
      const affected = ['i-a', 'i-b'].map((instanceId) => ({ instanceId, setup: null, host: '127.0.0.1', environment: 'production', region: 'default', database: null, firstBadAt: began, firstBadEvent: '2:42', worst: 'down', now: 'bad', since: began, recoveredAt: null, timesBad: 1, reason: 'connection refused' }))
      const timeline = [['opened', 'i-a'], ['joined', 'i-b']].map(([step, instanceId]) => ({ event: '2:42', at: began, step, instanceId, setup: null, summary: `${instanceId} went down: connection refused` }))
      const before = [{ event: '2:40', at: began, secondsBefore: 4, kind: 'instance.updated', relation: 'same-host', instanceId: 'one', summary: 'one was changed by anonymous' }]
      await page.route('**/api/v1/incidents**', (asked) => {
        const url = new URL(asked.request().url())
        if (url.pathname.endsWith('/incidents')) return asked.fulfill({ json: { message: '', count: 1, incidents: url.searchParams.get('status') === 'closed' ? [] : [incident], next: null, open: 1, complete: true, timestamp: now() } })
        if (!url.pathname.endsWith('/42')) return asked.fulfill({ status: 404, json: { error: "there is no incident 'x'", status: 404, requestId: 'r', timestamp: now() } })
        if (url.searchParams.get('format') === 'markdown') return asked.fulfill({ contentType: 'text/markdown', body: `# ${incident.title}\n\ni-a i-b\n` })
        return asked.fulfill({ json: { message: '', incident, before, affected, affectedOmitted: 0, timeline, timelineOmitted: 0, timestamp: now() } })
      })
      return true
    }

    it('stand on the overview, in a list, and one by one with a report', async () => {
      const page = await visit('/ui/')
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      const stands = await standIn(page)
      await page.getByText('Live', { exact: true }).waitFor()
      a.kill()
      b.kill()
      if (stands) await page.reload()
      await page.locator('.attention').getByRole('link', { name: /went down|instances? .*down/i }).first().waitFor()
      await page.locator('nav').getByTitle(/\d open/).waitFor()
      await clean(page)
      await shot(page, 'overview-incident')
      await page.locator('nav').getByRole('link', { name: /Incidents/ }).click()
      const line = page.locator('li a.row').first()
      await line.getByText(/down/).first().waitFor()
      await state('i-a', 'unhealthy')
      await state('i-b', 'unhealthy')
      await line.getByText(/[23] instances/).first().waitFor()
      await clean(page)
      await shot(page, 'incidents')
      await line.focus()
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => /^Incident /.test(document.getElementById('title')?.textContent ?? ''))
      await page.locator('ol').getByRole('link', { name: 'i-a' }).first().waitFor()
      await page.locator('table').getByRole('link', { name: 'i-b' }).waitFor()
      await page.getByText('Changed before').waitFor()
      await clean(page)
      await shot(page, 'incident')
      for (const width of [390, 900]) {
        await page.setViewportSize({ width, height: 860 })
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
        await shot(page, `incident-${width}`)
      }
      await page.setViewportSize({ width: 1360, height: 860 })
      await page.getByRole('button', { name: 'Copy as Markdown' }).click()
      await page.getByText('The report as Markdown copied').waitFor()
      const report = await page.evaluate(() => navigator.clipboard.readText())
      expect(report).toMatch(/^# /)
      expect(report).toMatch(/i\\?-a/)
      const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save report' }).click()])
      expect(file.suggestedFilename()).toMatch(/^incident-\d+\.md$/)
      await page.getByRole('link', { name: 'just before' }).click()
      await page.getByText('You look at the past').waitFor()
      await page.goto(`${manager.base}/ui/incidents/999999999`)
      await page.getByText('No such incident').waitFor()
    })
  })
})
