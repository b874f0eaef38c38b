// Writes what the manager embeds: every asset compressed, the plain one removed; the page itself stays plain, because the
// manager writes its <base>. The bytes depend on the sources only, so that a fresh build equals the committed one.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

const assets = new URL('../dist/assets/', import.meta.url).pathname
const page = readFileSync(new URL('../dist/index.html', import.meta.url))
const KINDS = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.txt': 'text/plain; charset=utf-8' }
const rows = []
let total = page.length
for (const name of readdirSync(assets).sort()) {
  const packed = gzipSync(readFileSync(join(assets, name)), { level: 9 })
  // The tenth byte names the system on which it was packed.
  packed[9] = 255
  writeFileSync(join(assets, `${name}.gz`), packed)
  rmSync(join(assets, name))
  total += packed.length
  const kind = KINDS[extname(name)]
  if (!kind) throw new Error(`${name}: of what kind is it?`)
  rows.push(`        ("${name}", "${kind}", include_bytes!("assets/${name}.gz")),`)
  console.log(`${name}: ${(packed.length / 1024).toFixed(1)} KB gzip`)
}
const budget = 300 * 1024
console.log(`all assets: ${(total / 1024).toFixed(1)} KB of ${budget / 1024} KB`)
if (total > budget) throw new Error('the assets are larger than their budget')

// The table the manager includes: the tag of the page, the page, the assets.
const tag = createHash('sha256').update(page).digest('hex').slice(0, 16)
const table = ['Console {', `    tag: "${tag}",`, '    page: include_str!("index.html"),', '    assets: &[', ...rows, '    ],', '}', '']
writeFileSync(new URL('../dist/table.in', import.meta.url), table.join('\n'))
