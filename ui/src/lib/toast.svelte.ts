// Short news in a corner, read out politely.

export interface Toast {
  id: number
  text: string
  tone: 'ok' | 'bad'
}

class Toasts {
  all = $state<Toast[]>([])
  #next = 0

  say(text: string, tone: 'ok' | 'bad' = 'ok'): void {
    const id = this.#next++
    this.all = [...this.all.slice(-3), { id, text, tone }]
    setTimeout(() => this.drop(id), tone === 'bad' ? 10_000 : 4_000)
  }

  drop(id: number): void {
    this.all = this.all.filter((toast) => toast.id !== id)
  }
}

export const toasts = new Toasts()

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    toasts.say(`${what} copied`)
  } catch {
    toasts.say(`the browser does not let this page copy: ${text}`, 'bad')
  }
}

/** Gives a text to the browser as a file. */
export function save(text: string, name: string, type: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  toasts.say(`${name} saved`)
}
