// A real manager with simulated instances, for tests: started on a free port, stopped at the end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = process.env.PEEGEEQ_SERVICE_MANAGER ?? fileURLToPath(new URL('../../../target/debug/peegeeq-service-manager', import.meta.url))

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until `check` gives something; fails loudly when it never does. */
export async function until(what, check, limit = 20_000) {
  const end = Date.now() + limit
  for (;;) {
    const found = await check()
    if (found) return found
    if (Date.now() > end) throw new Error(`never seen: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function startManager({ demo = true, port, data, options = [] } = {}) {
  const chosen = port ?? (await freePort())
  const folder = data ?? mkdtempSync(join(tmpdir(), 'peegeeq-js-'))
  const command = demo ? ['demo'] : ['serve', `-Ddata.dir=${folder}`]
  const child = spawn(program, [...command, `-Dservice.port=${chosen}`, ...options], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder })
  let said = ''
  child.stdout.on('data', (text) => (said += text))
  child.stderr.on('data', (text) => (said += text))
  let failure = null
  child.on('error', (error) => (failure = error))
  const url = `http://127.0.0.1:${chosen}`
  await until('the manager answering', async () => {
    if (failure || child.exitCode !== null) throw new Error(`the manager did not start: ${failure ?? said}`)
    return fetch(`${url}/health/ready`).then((answer) => answer.ok, () => false)
  })
  return {
    url,
    port: chosen,
    folder,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      if (child.exitCode === null) await once(child, 'exit')
      if (!data) rmSync(folder, { recursive: true, force: true })
    },
  }
}
