// Reads server-sent events from a stream of bytes. Written by hand because the browser's own EventSource sends no token.

export interface ServerEvent {
  id: string | null
  event: string
  data: string
}

/** Feeds text piece by piece; hands out each event as it becomes whole. A line without end is refused at `limit`. */
export class EventReader {
  #rest = ''
  #data: string[] = []
  #event = ''
  #id: string | null = null

  constructor(
    readonly deliver: (event: ServerEvent) => void,
    readonly limit = 64 * 1024 * 1024,
  ) {}

  push(text: string): void {
    this.#rest += text
    if (this.#rest.length > this.limit) throw new Error('an event is larger than any the manager sends')
    for (;;) {
      const at = this.#rest.search(/[\r\n]/)
      if (at < 0) return
      // The second half of a line end may be still on its way.
      if (this.#rest[at] === '\r' && at + 1 === this.#rest.length) return
      const line = this.#rest.slice(0, at)
      this.#rest = this.#rest.slice(this.#rest.startsWith('\r\n', at) ? at + 2 : at + 1)
      this.#line(line)
    }
  }

  #line(line: string): void {
    if (line === '') return this.#end()
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.#data.push(value)
    else if (field === 'event') this.#event = value
    else if (field === 'id' && !value.includes('\0')) this.#id = value
  }

  #end(): void {
    if (this.#data.length > 0) this.deliver({ id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') })
    this.#data = []
    this.#event = ''
  }
}

/** Reads a response to its end; tells every piece that arrives, also a mere comment. */
export async function readEvents(response: Response, deliver: (event: ServerEvent) => void, heard: () => void): Promise<void> {
  const stream = response.body
  if (!stream) throw new Error('the answer has no body')
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader()
  const events = new EventReader(deliver)
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    heard()
    events.push(value)
  }
}
