// Where the reader is: the path below the console's root and the query. Everything worth a link stands in them.
import { read, type Place } from './place'

/** The console's root. The manager writes the <base> for a deep link, so this is right below any path. */
const here = (): URL => new URL('.', document.baseURI)

/** Pages that can show the past. Between them the time stays; the others always show now. */
const OF_THE_PAST = new Set(['instances', 'timeline'])

class Route {
  #root = here()
  place = $state.raw<Place>({ page: 'overview', id: null, query: new URLSearchParams() })

  /** The time that is looked at, as it stands in the address; null is now. */
  at = $derived(OF_THE_PAST.has(this.place.page) ? this.place.query.get('at') : null)

  start(): void {
    const update = () => (this.place = read(location.pathname, location.search, this.#root.pathname))
    // A relative address must mean the same after the page changed its own.
    document.querySelector('base')?.setAttribute('href', this.#root.href)
    addEventListener('popstate', update)
    document.addEventListener('click', (event) => this.#click(event))
    update()
  }

  href(page: string, id: string | null = null, query: Record<string, string | null | undefined> = {}): string {
    const url = new URL(page === 'overview' ? '' : page + (id === null ? '' : `/${encodeURIComponent(id)}`), this.#root)
    for (const [key, value] of Object.entries(query)) if (value) url.searchParams.set(key, value)
    if (this.at && OF_THE_PAST.has(page) && !('at' in query)) url.searchParams.set('at', this.at)
    return url.pathname + url.search
  }

  go(href: string): void {
    history.pushState(null, '', href)
    this.place = read(location.pathname, location.search, this.#root.pathname)
    scrollTo(0, 0)
    // The new page is announced and gets the keyboard.
    requestAnimationFrame(() => document.getElementById('title')?.focus())
  }

  get(key: string): string | null {
    return this.place.query.get(key)
  }

  /** Changes the query in place: typing a filter must not fill the history. */
  set(changes: Record<string, string | null | undefined>): void {
    const query = new URLSearchParams(this.place.query)
    for (const [key, value] of Object.entries(changes)) {
      if (value) query.set(key, value)
      else query.delete(key)
    }
    this.replace(query)
  }

  /** The whole query, in place. */
  replace(query: URLSearchParams): void {
    const text = query.toString()
    if (text === this.place.query.toString()) return
    this.place = { ...this.place, query }
    history.replaceState(history.state, '', location.pathname + (text ? `?${text}` : ''))
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = (event.target as Element | null)?.closest?.('a')
    if (!link || link.target || link.origin !== location.origin || !link.pathname.startsWith(this.#root.pathname)) return
    if (link.hash || link.hasAttribute('download')) return
    event.preventDefault()
    this.go(link.pathname + link.search)
  }
}

export const route = new Route()
