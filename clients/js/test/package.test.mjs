// What is published, in a project of its own: `import`, `require`, and the types as strict users see them.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('..', import.meta.url))
let project
const run = (program, ...words) => execFileSync(program, words, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

before(() => {
  project = mkdtempSync(join(tmpdir(), 'peegeeq-pack-'))
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], { cwd: here, encoding: 'utf8' }))
  writeFileSync(join(project, 'package.json'), '{ "name": "user", "private": true }')
  run('npm', 'install', '--no-audit', '--no-fund', '--offline', `./${filename}`)
})
after(() => rmSync(project, { recursive: true, force: true }))

it('needs nothing else at run time', () => {
  const { dependencies } = JSON.parse(readFileSync(join(project, 'node_modules/@peegeeq/service-manager-client/package.json'), 'utf8'))
  assert.equal(dependencies, undefined)
  assert.deepEqual(run('ls', 'node_modules').trim().split('\n'), ['@peegeeq'])
})

it('is imported and required', () => {
  const use = 'const client = new PeeGeeQServiceManagerClient("http://127.0.0.1:1"); console.log(client.baseUrl, client.timeout)'
  writeFileSync(join(project, 'a.mjs'), `import { PeeGeeQServiceManagerClient } from '@peegeeq/service-manager-client'; ${use}`)
  writeFileSync(join(project, 'a.cjs'), `const { PeeGeeQServiceManagerClient } = require('@peegeeq/service-manager-client'); ${use}`)
  for (const file of ['a.mjs', 'a.cjs']) assert.equal(run('node', file), 'http://127.0.0.1:1 10000\n', file)
})

it('has types, and they refuse what is wrong', () => {
  const good = `import { PeeGeeQServiceManagerClient, type FederatedOverview } from '@peegeeq/service-manager-client'
export async function f(client: PeeGeeQServiceManagerClient): Promise<number> {
  const overview: FederatedOverview = await client.getFederatedOverview({ fresh: true })
  const list = await client.getAllInstances({ environment: 'production', 'metadata.zone': 'a' })
  return overview.instanceCount + list.instances.filter((row) => row.healthy).length
}
`
  writeFileSync(join(project, 'good.mts'), good)
  writeFileSync(join(project, 'good.cts'), good)
  writeFileSync(join(project, 'bad.mts'), `import { PeeGeeQServiceManagerClient } from '@peegeeq/service-manager-client'
export const wrong = new PeeGeeQServiceManagerClient().registerInstance({ instanceId: 'a', host: 'b', port: 'c' })
`)
  const tsc = join(here, 'node_modules/.bin/tsc')
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable']
  run(tsc, ...options, 'good.mts', 'good.cts')
  assert.throws(() => run(tsc, ...options, 'bad.mts'), (error) => /Type 'string' is not assignable to type 'number'/.test(error.stdout))
})

it('is small', () => {
  const { gzip } = JSON.parse(readFileSync(join(here, 'dist/size.json'), 'utf8'))
  assert.ok(gzip <= 8192, `${gzip} bytes gzip`)
})
