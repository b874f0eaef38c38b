// How the reader wants the console to look, kept in the browser.

export type Theme = 'system' | 'light' | 'dark'
const KEY = 'peegeeq.theme'

function kept(): Theme {
  const value = localStorage.getItem(KEY)
  return value === 'light' || value === 'dark' ? value : 'system'
}

class Appearance {
  theme = $state<Theme>(kept())
  #systemDark = $state(matchMedia('(prefers-color-scheme: dark)').matches)

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => {
      this.#systemDark = event.matches
      this.#apply()
    })
    this.#apply()
  }

  get dark(): boolean {
    return this.theme === 'dark' || (this.theme === 'system' && this.#systemDark)
  }

  choose(theme: Theme): void {
    this.theme = theme
    localStorage.setItem(KEY, theme)
    this.#apply()
  }

  next(): void {
    this.choose(this.theme === 'system' ? 'light' : this.theme === 'light' ? 'dark' : 'system')
  }

  #apply(): void {
    document.documentElement.dataset['theme'] = this.dark ? 'dark' : 'light'
  }
}

export const appearance = new Appearance()
