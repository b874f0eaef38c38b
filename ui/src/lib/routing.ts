// The shapes of the two answers about routing. The API's description in this tree does not have them yet.

export interface Routed {
  instanceId: string
  rung?: string
  excluded?: { reason: string; sentence: string } | null
  weight?: number
  requests?: number
  /** Of a thousand. */
  share?: number
  failures?: number
  inFlight?: number
  waiting?: number
  latencyMs?: number
  ejection?: { state: string; sentence: string }
  slowStart?: { part?: number; leftMs?: number } | null
}

export interface Routing {
  strategy?: string
  strategies?: { reads?: string | null; writes?: string | null; streams?: string | null; environments?: Record<string, string> }
  affinity?: string
  home?: { environment?: string | null; region?: string | null; zone?: string | null }
  retries?: { requests?: number; retries?: number; allowance?: number; windowMs?: number }
  ejection?: { failures?: number; durationMs?: number; maxPercent?: number }
  instances?: Routed[]
}

export interface Score {
  weight: number
  inFlight: number
  latencyMs: number
  cost: number | null
}

export interface Member {
  instanceId: string
  standing: string
  sentence: string
  chosen: boolean
  score: Score | null
}

export interface Explained {
  sentence: string
  effect: string
  stream: boolean
  setupId: string | null
  strategy: string | null
  affinity: boolean
  status: number | null
  groups: { members: Member[] }[]
}
