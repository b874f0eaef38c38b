class PeeGeeQServiceManagerClient {
  constructor(baseUrl = 'http://localhost:9090') {
    this.baseUrl = baseUrl;
    this.timeout = 10000; // 10 second timeout
  }

  async registerInstance(instanceData) {
    const response = await this._makeRequest('/api/v1/instances/register', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(instanceData)
    });
    return response.json();
  }

  async getAllInstances(filters = {}) {
    const queryParams = new URLSearchParams(filters).toString();
    const url = `/api/v1/instances${queryParams ? '?' + queryParams : ''}`;
    const response = await this._makeRequest(url);
    return response.json();
  }

  async getInstance(instanceId) {
    const response = await this._makeRequest(`/api/v1/instances/${instanceId}`);
    return response.json();
  }

  async deregisterInstance(instanceId) {
    const response = await this._makeRequest(`/api/v1/instances/${instanceId}/deregister`, {
      method: 'DELETE'
    });
    return response.json();
  }

  async checkInstanceHealth(instanceId) {
    const response = await this._makeRequest(`/api/v1/instances/${instanceId}/health`);
    return response.json();
  }

  async getFederatedOverview() {
    const response = await this._makeRequest('/api/v1/federation/overview');
    return response.json();
  }

  async getFederatedQueues() {
    const response = await this._makeRequest('/api/v1/federation/queues');
    return response.json();
  }

  async getFederatedConsumerGroups() {
    const response = await this._makeRequest('/api/v1/federation/consumer-groups');
    return response.json();
  }

  async getFederatedEventStores() {
    const response = await this._makeRequest('/api/v1/federation/event-stores');
    return response.json();
  }

  async getFederatedMetrics() {
    const response = await this._makeRequest('/api/v1/federation/metrics');
    return response.json();
  }

  async getInstanceOverview(instanceId) {
    const response = await this._makeRequest(`/api/v1/instances/${instanceId}/overview`);
    return response.json();
  }

  async getInstanceQueues(instanceId) {
    const response = await this._makeRequest(`/api/v1/instances/${instanceId}/queues`);
    return response.json();
  }

  async getInstanceMetrics(instanceId) {
    const response = await this._makeRequest(`/api/v1/instances/${instanceId}/metrics`);
    return response.json();
  }

  async getServiceHealth() {
    const response = await this._makeRequest('/health');
    return response.json();
  }

  // Private helper method for making requests with error handling
  async _makeRequest(path, options = {}) {
    const controller = new AbortController();
    const timeoutId = setTimeout(() => controller.abort(), this.timeout);

    try {
      const response = await fetch(`${this.baseUrl}${path}`, {
        ...options,
        signal: controller.signal
      });

      clearTimeout(timeoutId);

      if (!response.ok) {
        const errorData = await response.json().catch(() => ({ error: 'Unknown error' }));
        throw new Error(`HTTP ${response.status}: ${errorData.error || response.statusText}`);
      }

      return response;
    } catch (error) {
      clearTimeout(timeoutId);
      if (error.name === 'AbortError') {
        throw new Error(`Request timeout after ${this.timeout}ms`);
      }
      throw error;
    }
  }

  // WebSocket support for real-time updates (future feature)
  subscribeToUpdates(callback) {
    const ws = new WebSocket(`ws://${this.baseUrl.replace('http://', '')}/ws/updates`);
    ws.onmessage = (event) => callback(JSON.parse(event.data));
    ws.onerror = (error) => console.error('WebSocket error:', error);
    ws.onclose = () => console.log('WebSocket connection closed');
    return ws;
  }

  // Utility method for polling instance status
  startPolling(callback, interval = 30000) {
    const poll = async () => {
      try {
        const [instances, overview] = await Promise.all([
          this.getAllInstances(),
          this.getFederatedOverview()
        ]);
        callback({ instances, overview });
      } catch (error) {
        console.error('Polling error:', error);
        callback({ error: error.message });
      }
    };

    poll(); // Initial call
    const intervalId = setInterval(poll, interval);
    return () => clearInterval(intervalId); // Return cleanup function
  }
}
