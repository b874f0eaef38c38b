import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const manager = process.env['MANAGER'] ?? 'http://127.0.0.1:9090'

// Relative addresses, so that the console works below any path; the manager writes the <base> for deep links.
export default defineConfig({
  base: './',
  plugins: [svelte()],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: false } },
  },
  server: { port: 5199, strictPort: true, proxy: { '/api': manager, '/health': manager, '/metrics': manager } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
} as Parameters<typeof defineConfig>[0])
