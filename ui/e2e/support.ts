// What the browser tests stand on: a real manager, instances that can be killed, the system's browser, and an eye on what a page
// must never do.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from 'playwright-core'

const ROOT = new URL('../../', import.meta.url).pathname
const BINARY = process.env['MANAGER_BINARY'] ?? join(ROOT, 'target/debug/peegeeq-service-manager')
export const SHOTS = join(ROOT, 'target/console')
mkdirSync(SHOTS, { recursive: true })

const BROWSERS = [process.env['CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
export const browserPath = (): string | undefined => BROWSERS.find((path) => path !== '' && existsSync(path))

export class Manager {
  #process: ChildProcess | undefined
  #folder = mkdtempSync(join(tmpdir(), 'console-e2e-'))
  base = ''
  readonly argv: string[]

  constructor(argv: string[]) {
    this.argv = argv
  }

  /** Starts it, on the port of before if there was one. */
  async start(): Promise<this> {
    const port = this.base ? new URL(this.base).port : '0'
    const child = spawn(BINARY, [...this.argv, `-Dservice.port=${port}`, `-Ddata.dir=${join(this.#folder, 'data')}`], { cwd: this.#folder })
    this.#process = child
    let output = ''
    await new Promise<void>((resolve, reject) => {
      const read = (text: Buffer) => {
        output += text
        const found = /(http:\/\/127\.0\.0\.1:\d+)\/api\/v1\/instances/.exec(output)
        if (!found) return
        this.base = found[1]!
        resolve()
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
      child.on('exit', (code) => reject(new Error(`the manager ended with ${code}: ${output}`)))
      child.on('error', reject)
    })
    return this
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null) return
    await new Promise((resolve) => {
      child.removeAllListeners('exit').on('exit', resolve)
      child.kill(signal)
    })
  }

  async end(): Promise<void> {
    await this.stop('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: Record<string, unknown> }> {
    const response = await fetch(this.base + path, { method, headers: { 'Content-Type': 'application/json' }, body: body === undefined ? null : JSON.stringify(body) })
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }

  async register(instanceId: string, port: number, more: Record<string, unknown> = {}): Promise<void> {
    const { status, json } = await this.ask('POST', '/api/v1/instances/register', { instanceId, host: '127.0.0.1', port, ...more })
    if (status !== 201) throw new Error(`registering ${instanceId}: ${status} ${JSON.stringify(json)}`)
  }
}

/** A small instance: healthy, without setups, and easily killed. */
export class Instance {
  #server: Server | undefined
  port = 0
  /** Answers everything but its health with an error. */
  failing = false

  async start(): Promise<this> {
    this.#server = createServer((request, response) => {
      const body = request.url === '/health' ? { status: 'UP', service: 'peegeeq-rest-api' } : { count: 0, setupIds: [], queueCount: 0, queues: [], message: 'none' }
      response.writeHead(this.failing && request.url !== '/health' ? 500 : 200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => this.#server!.listen(this.port, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (typeof address === 'object' && address) this.port = address.port
    return this
  }

  kill(): void {
    this.#server?.close()
    this.#server?.closeAllConnections()
  }
}

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: browserPath()!, args: FLAGS })

export interface Watched {
  page: Page
  /** Whatever a page must never do: errors, refused policies, requests to elsewhere. */
  wrongs: string[]
}

export async function open(browser: Browser, base: string, path: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, ...options })
  // Far beyond what anything takes: a busy machine must not fail a test, only something that never comes.
  context.setDefaultTimeout(Number(process.env['PATIENCE_MS'] ?? 60_000))
  const page = await context.newPage()
  const wrongs: string[] = []
  page.on('pageerror', (error) => wrongs.push(`error: ${error.stack}`))
  page.on('console', (message) => {
    const offline = /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED/.test(message.text())
    // The browser notes every answer of the API that is not a success; what the page makes of it is looked at elsewhere.
    const answered = /status of \d/.test(message.text()) && /\/(api\/v1|health)\//.test(message.location().url)
    if (message.type() !== 'error' || offline || answered) return
    wrongs.push(`console: ${message.text()} ${message.location().url}`)
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(base).origin) && !request.url().startsWith('data:')) wrongs.push(`asked elsewhere: ${request.url()}`)
  })
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))
  })
  await page.goto(base + path)
  return { page, wrongs }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding { id: string; impact: string | null; nodes: { html: string; failureSummary?: string }[] }

/** Judged in a world of its own, so that the page's policy need not be loosened for it. */
export async function axe(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const { frameTree } = await session.send('Page.getFrameTree')
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id })
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const expression = `${AXE}; axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then((found) => JSON.stringify(found.violations))`
  const { result } = await session.send('Runtime.evaluate', { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true })
  await session.detach()
  const found = JSON.parse(String(result.value)) as Finding[]
  return found.map((one) => `${one.id} (${one.impact}): ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`).join(' | ')}`)
}

export const shot = (page: Page, name: string): Promise<Buffer> => page.screenshot({ path: join(SHOTS, `${name}.png`) })
export const row = (page: Page, id: string): Locator => page.locator(`tr[data-id="${id}"]`)
