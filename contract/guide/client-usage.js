// Usage examples
const client = new PeeGeeQServiceManagerClient();

// Register an instance with comprehensive metadata
await client.registerInstance({
  instanceId: 'peegeeq-web-01',
  host: 'web-server-01.example.com',
  port: 8080,
  version: '1.2.0',
  environment: 'production',
  region: 'us-east-1',
  metadata: {
    datacenter: 'dc1',
    cluster: 'web-cluster',
    zone: 'us-east-1a',
    capacity: 'high',
    role: 'primary'
  }
});

// Get filtered instances
const productionInstances = await client.getAllInstances({
  environment: 'production',
  status: 'healthy'
});

// Get comprehensive cluster overview
const overview = await client.getFederatedOverview();
console.log(`Cluster has ${overview.instanceCount} instances`);
console.log(`Total messages: ${overview.aggregatedData.totalMessages}`);

// Monitor specific instance health
const healthResult = await client.checkInstanceHealth('peegeeq-web-01');
if (healthResult.successful) {
  console.log(`Instance is healthy: ${healthResult.healthData.status}`);
} else {
  console.error(`Instance unhealthy: ${healthResult.errorMessage}`);
}

// Start real-time monitoring
const stopPolling = client.startPolling((data) => {
  if (data.error) {
    console.error('Monitoring error:', data.error);
  } else {
    console.log(`Monitoring: ${data.instances.count} instances, ${data.overview.aggregatedData.totalMessages} messages`);
  }
}, 15000); // Poll every 15 seconds

// Stop monitoring after 5 minutes
setTimeout(stopPolling, 300000);
