// Prints the cluster and then every change: node examples/watch.mjs [http://localhost:9090]
import { PeeGeeQServiceManagerClient } from '@peegeeq/service-manager-client'

const client = new PeeGeeQServiceManagerClient({ baseUrl: process.argv[2] ?? 'http://localhost:9090', token: process.env.PEEGEEQ_TOKEN ?? '' })
const subscription = client.subscribeToUpdates(
  (update) => {
    if (update.type === 'snapshot') for (const row of update.instances) console.log(row.instanceId, row.status)
    if (update.type === 'change') console.log(update.instanceId, update.instance?.status ?? 'gone')
  },
  { topics: ['instances'], onState: (state, error) => console.error(`[${state}]`, error?.message ?? '') },
)
process.once('SIGINT', () => subscription.close())
await subscription.ended
