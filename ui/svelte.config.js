import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

// Runes everywhere; styles go to a file of their own, because the policy of the page forbids inline ones.
export default { preprocess: vitePreprocess(), compilerOptions: { runes: true, css: 'external' } }
