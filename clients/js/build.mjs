// Builds what is published: one file for `import`, one for `require`, one small file for a page without a bundler, and the types.
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
const common = { entryPoints: ['src/index.ts'], bundle: true, target: 'es2022', logLevel: 'warning' }
await build({ ...common, format: 'esm', outfile: 'dist/index.js', sourcemap: true })
await build({ ...common, format: 'cjs', outfile: 'dist/index.cjs', sourcemap: true })
await build({ ...common, format: 'esm', minify: true, outfile: 'dist/browser.min.js' })
execFileSync('npx', ['tsc'], { stdio: 'inherit' })
// Whoever uses `require` needs the same declarations in a folder that says it is CommonJS.
cpSync('dist/types', 'dist/types-cjs', { recursive: true })
writeFileSync('dist/types-cjs/package.json', '{ "type": "commonjs" }\n')
const size = gzipSync(readFileSync('dist/browser.min.js'), { level: 9 }).length
writeFileSync('dist/size.json', JSON.stringify({ gzip: size }))
console.log(`dist/browser.min.js: ${size} bytes gzip`)
