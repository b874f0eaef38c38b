import { defineConfig } from 'vitest/config'

// One browser and one manager at a time: this machine is small.
export default defineConfig({
  test: { root: import.meta.dirname, include: ['*.test.ts'], testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false, sequence: { concurrent: false } },
})
