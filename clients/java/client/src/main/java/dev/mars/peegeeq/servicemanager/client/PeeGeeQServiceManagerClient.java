package dev.mars.peegeeq.servicemanager.client;

import com.fasterxml.jackson.databind.JavaType;
import dev.mars.peegeeq.servicemanager.client.model.Deregistration;
import dev.mars.peegeeq.servicemanager.client.model.EventsPage;
import dev.mars.peegeeq.servicemanager.client.model.FederatedConsumerGroups;
import dev.mars.peegeeq.servicemanager.client.model.FederatedEventStores;
import dev.mars.peegeeq.servicemanager.client.model.FederatedMetrics;
import dev.mars.peegeeq.servicemanager.client.model.FederatedOverview;
import dev.mars.peegeeq.servicemanager.client.model.FederatedQueues;
import dev.mars.peegeeq.servicemanager.client.model.HealthCheck;
import dev.mars.peegeeq.servicemanager.client.model.Instance;
import dev.mars.peegeeq.servicemanager.client.model.InstanceList;
import dev.mars.peegeeq.servicemanager.client.model.InstanceOrder;
import dev.mars.peegeeq.servicemanager.client.model.InstanceRegistration;
import dev.mars.peegeeq.servicemanager.client.model.InstanceUpdate;
import dev.mars.peegeeq.servicemanager.client.model.OrderResult;
import dev.mars.peegeeq.servicemanager.client.model.RegistrationResult;
import dev.mars.peegeeq.servicemanager.client.model.ServiceHealth;

import javax.net.ssl.SSLContext;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A PeeGeeQ Service Manager. Safe for use by many threads.
 *
 * <p>A call takes at most its timeout, repetitions included. Only calls that change nothing are sent again: when no answer came, or the manager
 * asked to come back soon. Failures are {@link ServiceManagerException}s. Redirections are not followed.
 */
public final class PeeGeeQServiceManagerClient {
    private final Transport transport;

    private PeeGeeQServiceManagerClient(Transport transport) {
        this.transport = transport;
    }

    /** A client with all defaults. */
    public static PeeGeeQServiceManagerClient create(String baseUrl) {
        return builder().baseUrl(baseUrl).build();
    }

    public static Builder builder() {
        return new Builder();
    }

    // The registry

    /** Registers an instance, or changes the one of the same id. */
    public RegistrationResult registerInstance(InstanceRegistration registration) {
        return call("POST", "/api/v1/instances/register", registration, RegistrationResult.class);
    }

    public InstanceList getAllInstances() {
        return getAllInstances(InstanceFilter.any());
    }

    public InstanceList getAllInstances(InstanceFilter filter) {
        return call("GET", Transport.with("/api/v1/instances", filter.said()), null, InstanceList.class);
    }

    public Instance getInstance(String instanceId) {
        return call("GET", at(instanceId, ""), null, InstanceRead.class).instance();
    }

    /** Changes weight, metadata or presence. */
    public RegistrationResult updateInstance(String instanceId, InstanceUpdate update) {
        return call("PUT", at(instanceId, ""), update, RegistrationResult.class);
    }

    /** Takes an instance out of the registry. */
    public Deregistration deregisterInstance(String instanceId) {
        return call("DELETE", at(instanceId, "/deregister"), null, Deregistration.class);
    }

    /** Asks an instance for its health now. A failure does not count for its state. */
    public HealthCheck checkInstanceHealth(String instanceId) {
        return call("GET", at(instanceId, "/health"), null, HealthCheck.class);
    }

    /** Probes an instance now, as one of its regular checks. */
    public HealthCheck forceInstanceHealthCheck(String instanceId) {
        return call("POST", at(instanceId, "/health/check"), null, HealthCheck.class);
    }

    /** Sends an instance no new work. */
    public OrderResult drainInstance(String instanceId, InstanceOrder order) {
        return call("POST", at(instanceId, "/drain"), order, OrderResult.class);
    }

    /** Takes an instance out of service without watching it. */
    public OrderResult maintainInstance(String instanceId, InstanceOrder order) {
        return call("POST", at(instanceId, "/maintenance"), order, OrderResult.class);
    }

    /** Ends drain or maintenance. */
    public OrderResult resumeInstance(String instanceId) {
        return call("POST", at(instanceId, "/resume"), Map.of(), OrderResult.class);
    }

    // The whole cluster, grouped by name

    public FederatedOverview getFederatedOverview() {
        return call("GET", "/api/v1/federation/overview", null, FederatedOverview.class);
    }

    public FederatedQueues getFederatedQueues() {
        return call("GET", "/api/v1/federation/queues", null, FederatedQueues.class);
    }

    public FederatedConsumerGroups getFederatedConsumerGroups() {
        return call("GET", "/api/v1/federation/consumer-groups", null, FederatedConsumerGroups.class);
    }

    public FederatedEventStores getFederatedEventStores() {
        return call("GET", "/api/v1/federation/event-stores", null, FederatedEventStores.class);
    }

    public FederatedMetrics getFederatedMetrics() {
        return call("GET", "/api/v1/federation/metrics", null, FederatedMetrics.class);
    }

    // One instance's own answers, passed on

    public Map<String, Object> getInstanceOverview(String instanceId) {
        return get(at(instanceId, "/overview"));
    }

    public Map<String, Object> getInstanceQueues(String instanceId) {
        return get(at(instanceId, "/queues"));
    }

    public Map<String, Object> getInstanceConsumerGroups(String instanceId) {
        return get(at(instanceId, "/consumer-groups"));
    }

    public Map<String, Object> getInstanceEventStores(String instanceId) {
        return get(at(instanceId, "/event-stores"));
    }

    public Map<String, Object> getInstanceMetrics(String instanceId) {
        return get(at(instanceId, "/metrics"));
    }

    // What happened, and who gets what

    /** Entries of the journal. Parameters: {@code instance}, {@code kind}, {@code from}, {@code to}, {@code since}, {@code order}, {@code limit}. */
    public EventsPage getEvents(Map<String, ?> query) {
        return call("GET", Transport.with("/api/v1/events", query), null, EventsPage.class);
    }

    public EventsPage getInstanceHistory(String instanceId) {
        return call("GET", at(instanceId, "/history"), null, EventsPage.class);
    }

    /** How available an instance was in a window that ends now, such as {@code 24h}. */
    public Map<String, Object> getInstanceAvailability(String instanceId, String window) {
        return get(Transport.with(at(instanceId, "/availability"), Map.of("window", window)));
    }

    public Map<String, Object> getRouting() {
        return get("/api/v1/routing");
    }

    /** Who would get a request, who not, and why. Sends nothing to an instance. */
    public Map<String, Object> explainRoute(Map<String, ?> question) {
        return call("POST", "/api/v1/routing/explain", question, map());
    }

    // The manager itself

    public ServiceHealth getServiceHealth() {
        return call("GET", "/health", null, ServiceHealth.class);
    }

    /** Whether the manager takes part. */
    public boolean isReady() {
        Map<String, Object> answer = transport.call("GET", "/health/ready", null, map(), Set.of(503));
        return "UP".equals(answer.get("status"));
    }

    /** The manager's own metrics as Prometheus reads them. */
    public String getMetricsText() {
        return new String(transport.send("GET", "/metrics", null, "text/plain", Set.of()), StandardCharsets.UTF_8);
    }

    /** Any answer of the manager's, or of an instance's through it. */
    public Map<String, Object> get(String path) {
        return call("GET", path, null, map());
    }

    /** Any request. The body is written as JSON; null sends none. */
    public Map<String, Object> request(String method, String path, Object body) {
        return call(method, path, body, map());
    }

    // As it happens

    /** Calls the listener with a snapshot and then with each change, on a thread of its own, until closed. Reconnects by itself. */
    public Subscription subscribeToUpdates(Consumer<Update> listener) {
        return subscribeToUpdates(listener, InstanceFilter.any(), null);
    }

    /** The same for some instances, and behind an update that was seen before. */
    public Subscription subscribeToUpdates(Consumer<Update> listener, InstanceFilter filter, String since) {
        return new Subscription(transport, filter.said(), since, listener);
    }

    /** Calls the listener with instances and overview now and each interval after an answer. Closing ends it. */
    public Polling startPolling(Consumer<Poll> listener, Duration interval) {
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "peegeeq-polling");
            thread.setDaemon(true);
            return thread;
        });
        clock.scheduleWithFixedDelay(() -> listener.accept(poll()), 0, interval.toMillis(), TimeUnit.MILLISECONDS);
        return new Polling(clock);
    }

    private Poll poll() {
        try {
            return new Poll(getAllInstances(), getFederatedOverview(), null);
        } catch (ServiceManagerException failure) {
            return new Poll(null, null, failure);
        }
    }

    /**
     * What polling tells: both answers, or why there are none.
     *
     * @param instances the instances
     * @param overview the cluster
     * @param error why there is neither
     */
    public record Poll(InstanceList instances, FederatedOverview overview, ServiceManagerException error) {}

    /** Polling that goes on until it is closed. */
    public static final class Polling implements AutoCloseable {
        private final ScheduledExecutorService clock;

        private Polling(ScheduledExecutorService clock) {
            this.clock = clock;
        }

        public boolean isOver() {
            return clock.isShutdown();
        }

        @Override
        public void close() {
            clock.shutdownNow();
        }
    }

    private record InstanceRead(Instance instance) {}

    private static String at(String instanceId, String rest) {
        return "/api/v1/instances/" + Transport.segment(instanceId) + rest;
    }

    private JavaType map() {
        return transport.json.getTypeFactory().constructMapType(LinkedHashMap.class, String.class, Object.class);
    }

    private <T> T call(String method, String path, Object body, Class<T> type) {
        return call(method, path, body, transport.json.constructType(type));
    }

    private <T> T call(String method, String path, Object body, JavaType type) {
        return transport.call(method, path, body, type, Set.of());
    }

    /** Makes a client. */
    public static final class Builder {
        private String baseUrl = "http://localhost:9090";
        private Duration timeout = Duration.ofSeconds(10);
        private int retries = 2;
        private Supplier<String> token = () -> null;
        private final Map<String, String> headers = new LinkedHashMap<>();
        private SSLContext tls;
        private HttpClient http;

        private Builder() {}

        /** Where the manager is; a path in it is kept. Default {@code http://localhost:9090}. */
        public Builder baseUrl(String baseUrl) {
            this.baseUrl = baseUrl;
            return this;
        }

        /** The most time that a call may take. Default 10 s. */
        public Builder timeout(Duration timeout) {
            this.timeout = timeout;
            return this;
        }

        /** How often a call that changes nothing is sent again. Default 2. */
        public Builder retries(int retries) {
            this.retries = retries;
            return this;
        }

        /** A bearer token. */
        public Builder token(String token) {
            return token(() -> token);
        }

        /** Where a bearer token comes from; asked before each request, so it may change. */
        public Builder token(Supplier<String> token) {
            this.token = token;
            return this;
        }

        /** Sent with each request. */
        public Builder header(String name, String value) {
            headers.put(name, value);
            return this;
        }

        /** With your own authority or client certificate. */
        public Builder tls(SSLContext tls) {
            this.tls = tls;
            return this;
        }

        /** Instead of a client of its own. */
        public Builder httpClient(HttpClient http) {
            this.http = http;
            return this;
        }

        public PeeGeeQServiceManagerClient build() {
            return new PeeGeeQServiceManagerClient(new Transport(baseUrl, http == null ? client() : http, timeout, retries, token, headers));
        }

        private HttpClient client() {
            HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(timeout).followRedirects(HttpClient.Redirect.NEVER);
            return (tls == null ? builder : builder.sslContext(tls)).build();
        }
    }
}
