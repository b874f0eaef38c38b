// What the package gives.
export { PeeGeeQServiceManagerClient, PeeGeeQServiceManagerClient as default, type PollResult } from './client.js'
export { ServiceManagerError, type ErrorDetail } from './errors.js'
export { Subscription, type SubscriptionState, type Update, type UpdateOptions } from './updates.js'
export type { CallOptions, ClientOptions, Token } from './transport.js'
export type * from './types.js'
export type { components, operations } from './schema.js'
