// Reading an address: which page, which instance, which query. The rest of the console asks route.svelte.ts.

export interface Place {
  page: string
  /** The part after the page, decoded: the id of an instance. */
  id: string | null
  query: URLSearchParams
}

export function read(pathname: string, search: string, rootPath: string): Place {
  const rest = pathname.startsWith(rootPath) ? pathname.slice(rootPath.length) : ''
  const at = rest.indexOf('/')
  const page = (at < 0 ? rest : rest.slice(0, at)) || 'overview'
  const id = at < 0 ? '' : rest.slice(at + 1).replace(/\/$/, '')
  return { page, id: id === '' ? null : decode(id), query: new URLSearchParams(search) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
