// Asking again and again, for those who cannot keep a connection open.

/** Calls `poll` now and then each `interval` after the last one ended, so that slow answers never pile up. Gives what ends it. */
export function startPolling(poll: (signal: AbortSignal) => Promise<void>, interval: number): () => void {
  const abort = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const turn = async () => {
    await poll(abort.signal)
    if (!abort.signal.aborted) timer = setTimeout(() => void turn(), interval)
  }
  void turn()
  return () => {
    abort.abort()
    clearTimeout(timer)
  }
}
