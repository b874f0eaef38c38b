// The time all relative times are told from. It ticks once a second and rests while nobody looks.

class Clock {
  now = $state(Date.now())

  constructor() {
    if (typeof document === 'undefined') return
    const tick = () => {
      if (!document.hidden) this.now = Date.now()
    }
    setInterval(tick, 1000)
    document.addEventListener('visibilitychange', tick)
  }
}

export const clock = new Clock()
