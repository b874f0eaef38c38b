// Numbers, times and words as people read them. What is not known is a dash, never a zero.

export const UNKNOWN = '–'

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 })
const fine = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 2 })

export type Maybe<T> = T | null | undefined

export const count = (value: Maybe<number>): string => (value == null || !Number.isFinite(value) ? UNKNOWN : whole.format(value))

export function decimal(value: Maybe<number>): string {
  if (value == null || !Number.isFinite(value)) return UNKNOWN
  return Math.abs(value) >= 100 ? whole.format(value) : fine.format(value)
}

const fixed = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** Two digits always, so that points stand below each other. */
export const rate = (value: Maybe<number>): string => (value == null ? UNKNOWN : `${value >= 1000 ? whole.format(value) : fixed.format(value)}/s`)
export const ratio = (value: Maybe<number>): string => (value == null ? UNKNOWN : `${decimal(value * 100)} %`)
export const text = (value: Maybe<string>): string => (value == null || value === '' ? UNKNOWN : value)

export function millis(value: Maybe<number>): string {
  if (value == null || !Number.isFinite(value)) return UNKNOWN
  if (value >= 1000) return `${fine.format(value / 1000)} s`
  return `${value >= 10 ? whole.format(value) : fine.format(value)} ms`
}

export function bytes(value: Maybe<number>): string {
  if (value == null) return UNKNOWN
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let at = 0
  let left = value
  while (left >= 1000 && at < units.length - 1) {
    left /= 1000
    at += 1
  }
  return `${left >= 100 || at === 0 ? whole.format(left) : left.toFixed(1)} ${units[at]}`
}

/** How long something lasts, in its two largest units at most. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 && minutes < 10 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`
  return `${Math.floor(hours / 24)} d`
}

export function ago(at: number, now: number): string {
  const age = now - at
  if (age < -1500) return `in ${duration(-age)}`
  return age < 1000 ? 'now' : `${duration(age)} ago`
}

const full = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' })
const near = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** A moment on the calendar of whoever looks. */
export const fullTime = (at: number): string => (Number.isFinite(at) ? full.format(at) : UNKNOWN)
/** The same without the year. */
export const nearTime = (at: number): string => (Number.isFinite(at) ? near.format(at) : UNKNOWN)

/** A moment as a field for date and time takes it. */
export function localTime(at: number): string {
  const date = new Date(at)
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}

/** A number of things, with its noun. */
export const things = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`

/** A long value cut for one line; the whole is in its title. */
export const short = (value: string, most = 120): string => (value.length > most ? `${value.slice(0, most - 1)}…` : value)
